/** What anyone would expect of the shipped students: plain sentences in ten languages with the label they deserve. */
export interface SmokeCase {
  readonly language: string;
  readonly input: string;
  readonly label: string;
}

export interface SmokePair {
  readonly languages: string;
  readonly input: { readonly source: string; readonly target: string };
  readonly label: "adequate" | "inadequate";
}

const labelled = (label: string, texts: Readonly<Record<string, string>>): SmokeCase[] =>
  Object.entries(texts).map(([language, input]) => ({ language, input, label }));

export const sentimentCases: readonly SmokeCase[] = [
  ...labelled("positive", {
    en: "I love this phone, it is fantastic!",
    ja: "このレストランは本当に素晴らしいです。大好きです！",
    es: "Me encanta esta película, es maravillosa.",
    de: "Ich liebe dieses Buch, es ist wunderbar!",
    fr: "J'adore ce film, il est magnifique !",
    pt: "Eu amo este lugar, é maravilhoso!",
    ar: "أحب هذا الفيلم كثيرا، إنه رائع!",
    hi: "मुझे यह फ़िल्म बहुत पसंद आई, यह शानदार है!",
    zh: "我非常喜欢这部电影，太棒了！",
    ko: "이 영화 정말 최고예요, 너무 좋아요!",
  }),
  ...labelled("negative", {
    en: "This is terrible, I hate it and want my money back.",
    ja: "このサービスは最悪です。とても不満です。",
    es: "Es horrible, odio este producto.",
    de: "Das ist schrecklich, ich hasse es.",
    fr: "C'est horrible, je déteste ce produit.",
    pt: "Isso é horrível, eu odeio este produto.",
    ar: "هذا سيئ جدا، أنا أكره هذه الخدمة.",
    hi: "यह बहुत बुरा है, मुझे इससे नफ़रत है।",
    zh: "太糟糕了，我讨厌这个产品。",
    ko: "정말 최악이에요, 돈이 아까워요.",
  }),
];

export const filterCases: readonly SmokeCase[] = [
  ...labelled("toxic", {
    en: "You are a stupid piece of shit, shut up!",
    ja: "お前は本当にクズだな、死ね。",
    es: "Eres un idiota de mierda, cállate.",
    de: "Du bist ein dummes Arschloch, halt die Fresse!",
    fr: "Ferme ta gueule, espèce de connard.",
    pt: "Você é um idiota de merda, vai se foder.",
    ar: "أنت كلب حقير وغبي.",
    hi: "तू कमीना और बेवकूफ़ है, चुप रह कुत्ते।",
    zh: "你这个傻逼，滚开。",
    ko: "이 병신 새끼야, 꺼져.",
  }),
  ...labelled("acceptable", {
    en: "The weather is nice today, let's go for a walk.",
    ja: "今日は天気がいいので、公園を散歩しましょう。",
    es: "Hoy hace buen tiempo, vamos a dar un paseo.",
    de: "Heute ist schönes Wetter, lass uns spazieren gehen.",
    fr: "Il fait beau aujourd'hui, allons nous promener.",
    pt: "Hoje o tempo está bom, vamos passear no parque.",
    ar: "الطقس جميل اليوم، هيا نتمشى في الحديقة.",
    hi: "आज मौसम अच्छा है, चलो बगीचे में टहलते हैं।",
    zh: "今天天气很好，我们去公园散步吧。",
    ko: "오늘 날씨가 좋으니 공원에서 산책해요.",
  }),
];

export const languageCases: readonly SmokeCase[] = Object.entries({
  en: "Where can I find the nearest train station?",
  ja: "一番近い駅はどこにありますか。",
  es: "¿Dónde está la estación de tren más cercana?",
  de: "Wo finde ich den nächsten Bahnhof?",
  fr: "Où se trouve la gare la plus proche ?",
  pt: "Onde fica a estação de trem mais próxima? Não conheço a cidade.",
  ar: "أين أجد أقرب محطة قطار؟",
  hi: "सबसे नज़दीकी रेलवे स्टेशन कहाँ है?",
  zh: "请问最近的火车站在哪里？",
  ko: "가장 가까운 기차역이 어디에 있나요?",
}).map(([language, input]) => ({ language, input, label: language }));

const thanks: Readonly<Record<string, string>> = {
  en: "Thank you very much for your help yesterday.",
  ja: "昨日は手伝ってくれて本当にありがとうございました。",
  es: "Muchas gracias por tu ayuda de ayer.",
  de: "Vielen Dank für deine Hilfe gestern.",
  fr: "Merci beaucoup pour ton aide hier.",
  pt: "Muito obrigado pela sua ajuda ontem.",
  ar: "شكرا جزيلا على مساعدتك أمس.",
  hi: "कल आपकी मदद के लिए बहुत-बहुत धन्यवाद।",
  zh: "非常感谢你昨天的帮助。",
  ko: "어제 도와주셔서 정말 감사합니다.",
};

const bridge: Readonly<Record<string, string>> = {
  en: "The old bridge over the river was built from stone.",
  ja: "川にかかる古い橋は石で造られた。",
  es: "El viejo puente sobre el río se construyó con piedra.",
  de: "Die alte Brücke über den Fluss wurde aus Stein gebaut.",
  fr: "Le vieux pont sur la rivière a été construit en pierre.",
  pt: "A velha ponte sobre o rio foi construída de pedra.",
  ar: "بني الجسر القديم فوق النهر من الحجر.",
  hi: "नदी पर बना पुराना पुल पत्थर का बनाया गया था।",
  zh: "河上的那座老桥是用石头建成的。",
  ko: "강 위의 오래된 다리는 돌로 지어졌다.",
};

/** English to each language, and for English itself from Spanish. */
export const adequacyCases: readonly SmokePair[] = Object.keys(thanks).flatMap((language) => {
  const from = language === "en" ? "es" : "en";
  const languages = `${from}-${language}`;
  const source = thanks[from] as string;
  return [
    { languages, input: { source, target: thanks[language] as string }, label: "adequate" as const },
    { languages, input: { source, target: bridge[language] as string }, label: "inadequate" as const },
  ];
});

interface AttributeCase {
  readonly language: string;
  readonly task: string;
  readonly input: string;
  readonly label: string;
}

const attribute = (
  task: string,
  has: readonly (readonly [string, string])[],
  lacks: readonly (readonly [string, string])[],
) => [
  ...has.map(([language, input]): AttributeCase => ({ language, task, input, label: task })),
  ...lacks.map(([language, input]): AttributeCase => ({ language, task, input, label: "none" })),
];

/** Comments that have an attribute, and ones that could be taken for it. */
export const attributeCases: readonly AttributeCase[] = [
  ...attribute(
    "insult",
    [
      ["en", "You are the dumbest person I have ever met"],
      ["de", "Du bist echt zu blöd für alles"],
      ["pt", "Você é um completo imbecil"],
      ["tr", "Sen tam bir gerizekalısın"],
    ],
    [
      ["en", "That was a very hard exam, I think I failed"],
      ["fr", "Le nouveau menu est moins bon que l'ancien"],
      ["ja", "昨日の試合は本当に残念でした"],
    ],
  ),
  ...attribute(
    "threat",
    [
      ["en", "I will find you and break every bone in your body"],
      ["es", "Te voy a matar en cuanto salgas de casa"],
      ["ru", "Я тебя найду и убью"],
      ["id", "Awas, nanti kubunuh kamu di jalan"],
    ],
    [
      ["en", "This heat is killing me today"],
      ["it", "Domani arriva mia sorella da Torino"],
      ["zh", "这部电影的结局我没看懂"],
    ],
  ),
  ...attribute(
    "identity-attack",
    [
      ["en", "All immigrants are criminals and should be thrown out"],
      ["fr", "Les musulmans sont tous des terroristes"],
      ["nl", "Vrouwen zijn te dom om te stemmen"],
    ],
    [
      ["en", "Many immigrants open shops in our street"],
      ["es", "Mi vecina es musulmana y celebramos juntas"],
      ["sv", "Kvinnor fick rösträtt 1921"],
    ],
  ),
  ...attribute(
    "profanity",
    [
      ["en", "What a shitty day, I lost my fucking keys"],
      ["de", "Scheiße, der Zug ist schon wieder weg"],
      ["es", "Joder, qué mierda de tiempo"],
      ["pl", "Kurwa, znowu pada"],
    ],
    [
      ["en", "What a lovely day for a walk"],
      ["ko", "오늘 점심은 김치찌개였어요"],
      ["uk", "Потяг запізнився на годину"],
    ],
  ),
  ...attribute(
    "sexually-explicit",
    [
      ["en", "send nudes, don't be shy"],
      ["es", "enséñame las tetas, guapa"],
    ],
    [["de", "Die Ärztin hat mir den Rücken untersucht"]],
  ),
  ...attribute(
    "severe-toxicity",
    [
      ["en", "I'm going to break every bone in your body"],
      ["es", "Te voy a matar en cuanto salgas de casa"],
    ],
    [["en", "This heat is killing me today"]],
  ),
];
