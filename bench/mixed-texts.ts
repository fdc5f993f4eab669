/** Short and long, in several scripts: padding and tokenising cost what they cost in practice. */
export const texts = [
  "I love this phone, the battery lasts two days and the screen is great.",
  "Worst service ever.",
  "Das Essen war leider kalt, aber die Bedienung war sehr freundlich und hat sich sofort entschuldigt.",
  "El envío llegó tarde y la caja estaba rota.",
  "この映画は本当に面白かった。もう一度見たいです。",
  "Je ne sais pas quoi en penser, il y a du bon et du moins bon dans ce livre, surtout vers la fin.",
  "الخدمة كانت ممتازة والموظفون لطفاء جدا",
  "यह फ़ोन बहुत धीमा है और बैटरी जल्दी खत्म हो जाती है।",
  "ok",
  "O hotel fica longe do centro, o quarto era pequeno e barulhento, e o café da manhã deixou muito a desejar; não volto.",
  "这家餐厅的菜很好吃，价格也合理。",
  "배송이 빨라서 좋았어요.",
];

/** The texts from one of them on, by turns; a single one as clients send it, without a list. */
export function inputsFrom(first: number, count: number): string | string[] {
  const list = Array.from({ length: count }, (_, i) => texts[(first + i) % texts.length] as string);
  return count === 1 ? (list[0] as string) : list;
}
