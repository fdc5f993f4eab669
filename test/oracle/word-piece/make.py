"""
Ids of PyPI tokenizers (0.23.3) for a small WordPiece tokeniser, for test/src/text/word-piece.test.ts. The vocabulary is trained on
the texts themselves and cut short, so that words fall into pieces and some stay unknown. Writes answers.json beside itself:
{"tokenizer": tokenizer.json, "variants": {name: {"normalizer", "post_processor", "texts": [[text, ids...]]}}}.
"""

import json
import pathlib

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
TEXTS = [
    "",
    " ",
    "The quick brown fox jumps over the lazy dog.",
    "Hello, world! (It's 3.14 o'clock) -- e-mail: a_b@c.de",
    "Élan café naïve Ångström ÀÉÎÕÜ ñandú",
    "ΟΔΥΣΣΕΥΣ Σίσυφος ΣΑΣ",
    "İstanbul IŞIK ılık",
    "Straße GROẞ ǅ ﬁne ﬂow ½ Ⅷ ⓐ Ⓐ",
    "Москва — столица России; ёлка Ё й",
    "मुझे यह फ़िल्म पसंद है।",
    "这家餐厅 很好吃。中文mixed英文",
    "日本語のテスト、カタカナ ガ か゛",
    "한국어 문장입니다 각",
    "اَلْعَرَبِيَّةُ مُحَمَّد ، السلام",
    "ภาษาไทย น้ำ",
    "tab\there\nnew line\r\nand\u00a0nbsp\u2003em\u3000ideographic\u2028line\u0085nel",
    "zero\u200bwidth\u200djoiner\u00adsoft\ufeffbom\u2060word",
    "nul\u0000bell\u0007del\u007f c1\u0080\u009f replacement\ufffd private\ue000 unassigned\u0378 tag\U000e0041",
    "emoji 👍🏽 👩‍👩‍👧 ❤️ 🇩🇪 ☺",
    "money $5 €5 £5 ¥5 + - = < > ^ ` | ~ © ™ § ¶ · … “quoted” ‘s’ «g» ¿qué?",
    "𠀀𪛟 𫝀 㐀 豈 \U0002b820 々 〇",
    "a" * 100,
    "b" * 101,
    "é" * 101,
    "[CLS] [MASK] the [SEP][PAD] [UNK] [mask] x[MASK]y",
    "the theory thesis other anthem them unthinkable",
    "don't won't we're I'm",
    "1234567890 12,345.67 1e10 ٣٤٥ ५६",
    "combining e\u0301 a\u030a \u0301alone o\u0302\u0323",
    "ẞ Å K Ω ﷺ ㎏ Ǆ",
]


def build(normalizer, processor):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=620, special_tokens=SPECIALS, min_frequency=1, show_progress=False)
    rare = ("ภ", "ﷺ", "㎏")
    tokenizer.train_from_iterator([t for t in TEXTS if t and not t.startswith(rare)], trainer)
    tokenizer.post_processor = processor
    return tokenizer


template = processors.TemplateProcessing(
    single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
)
bert = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
base = json.loads(build(normalizers.BertNormalizer(lowercase=False), template).to_str())
settings = {
    "uncased": (dict(lowercase=True), template),
    "cased": (dict(lowercase=False), template),
    "cased without accents": (dict(lowercase=False, strip_accents=True), bert),
    "uncased with accents": (dict(lowercase=True, strip_accents=False), bert),
    "ideographs not apart": (dict(lowercase=False, handle_chinese_chars=False), template),
    "not cleaned": (dict(lowercase=False, clean_text=False), template),
}
variants = {}
for name, (options, processor) in settings.items():
    tokenizer = Tokenizer.from_str(json.dumps(base))
    tokenizer.normalizer = normalizers.BertNormalizer(**options)
    tokenizer.post_processor = processor
    definition = json.loads(tokenizer.to_str())
    variants[name] = dict(
        normalizer=definition["normalizer"],
        post_processor=definition["post_processor"],
        texts=[[text, *tokenizer.encode(text).ids] for text in TEXTS],
    )
answers = json.dumps(dict(tokenizer=base, variants=variants), ensure_ascii=True)
pathlib.Path(__file__).with_name("answers.json").write_text(answers)
