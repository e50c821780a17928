"""How likely characters beyond ASCII are in languages: what a reading of bytes costs, as a logarithm of its odds.

The tables hold what little tells languages apart: their alphabets, their commonest words, their commonest characters.
"""

import math
import re
import unicodedata
from collections import Counter
from functools import lru_cache

ODD_COST, ODD_SHARE = 8.0, 0.12  # of a character that hardly any text has there, and how many may be so
FEW = 4  # characters, beyond which one of them may be odd
WORDS_COUNT = 8.0  # at most so much do known words tell of the language
RARE_COST = 12.0  # of a rare character of East Asia
ERROR_COST = 20.0  # of a byte that cannot be decoded, and of a character that no text holds

ALPHABETS = {  # the letters beyond ASCII, the most frequent first
    "German": "üäößé", "French": "éàèêçâîôùûœëïæ", "Spanish": "óíáéñúüªº", "Italian": "èàùòéì",
    "Icelandic": "íáðóéþöúýæ",
    "Portuguese": "ãçáéíóêõâúôàªº", "Swedish": "äöåé", "Finnish": "äöåšž", "Danish": "øåæé",
    "English": "éïèêüöçñáóíäàãâîôûåøëæúìòùß", "Dutch": "éëïèóöü",
    "Hungarian": "áéöóőíüúű", "Polish": "łąęóżśćńź", "Czech": "íáěéřžčšýůúťďňó", "Slovak": "áíčéýúšžľťôňďäóĺŕ",
    "Croatian": "čšžćđ", "Romanian": "ăîșțâşţ", "Turkish": "ıüşğçöâ", "Lithuanian": "ėšįųžūčąę",
    "Latvian": "āīēšūņļžģčķ",
    "Russian": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё", "Ukrainian": "оаиніевртслкдумпяьзбгчйхжїєшцющґф",
    "Serbian": "аиоенрстјвукдмлпгзбчцшњљжхћђфџ", "Bulgarian": "аиоентрсвлкдпмъзгуябчщжцхйшюфь",
    "Greek": "αοιετσνηυρπκμλωςόίάήέύώδγχθφβξζψϊϋΐΰ", "Hebrew": "יוהלאתרבםמנעשדחקפכןטגצזסךףץ",
    "Arabic": "الينمتروبعدسفكحقهجةشصطخءىذضثزغئإأآؤظ",
    "Thai": "านร่กเอง้ีัมยิลวตดสทบุปืู็คะจพขหแใไชผถซโธศ์ฟณญษภฮฉฏฐฑฒฆฌฎฃฅฦำๆ๊๋ฯฤ",
    "Vietnamese": "đ\u0301ư\u0323\u0300ôơêâă\u0309\u0303àáãèéìíòóùúý",
}  # fmt: skip
WORDS = {  # that every text has, of ASCII letters alone
    "German": "der die und ist das ein den mit von", "French": "le la les de des et est un que dans",
    "Spanish": "el la los de que en un por con",
    "Italian": "il di che la per non un del", "Portuguese": "os de que do da um para em",
    "Finnish": "ja on ei se ole", "Swedish": "och att det som en av den med",
    "Danish": "og at det er en af den til som", "English": "the of and to in is that it was",
    "Dutch": "de het een van en is niet te",
    "Hungarian": "az egy nem hogy van is", "Polish": "na nie do jest to od", "Czech": "na je se do to",
    "Slovak": "na je sa do to",
    "Croatian": "na je za se da od", "Romanian": "de la nu este cu pe un", "Turkish": "bir ve bu da de",
    "Latvian": "un ir no",
    "Lithuanian": "ir yra", "Icelandic": "og er til sem", "Vietnamese": "trong cho khi theo",
}  # fmt: skip
COMMON = {  # about the hundred and fifty most frequent characters
    "Japanese": "一人日大出来見上中事私二気言子方時分今十年本行思前生手自家何者間先三心下所地小入目合長後立同物"
    "月女知話意然金学名書力国山男五切四不身明代通田水東口死外用部文場業海社高動新定会当的最実作安現性理体"
    "主度面京都聞電車世界",
    "Simplified Chinese": "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自"
    "之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开"
    "但因只从想实日者意无力它与长把机十民第此已工使情明性知全三又关点正外将两高间由问很最文件数字入名入行定",
    "Traditional Chinese": "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自"
    "之年過發後作裡用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開"
    "但因只從想實日者意無力它與長把機十民第此已工使情明性知全三又關點正外將兩高間由問很最文件數字入名檔案",
    "Korean": "이다는에의가을로하고한지은기도사시자를리인나대어서해있라그수아일들으정전만여장보제부상조주면과오니스"
    "원비무"
    "게구물되적용마우세성연동국모신문소생방중내회공안거러저경관없었것려할학때같말년음입식계명선실행간분화위유드"
    "았습데발야트양차요진와속미파크르금바치추후레출",
}
HALF_WIDTH = "ﾞﾝｼｳｲｶｯｮｭﾀｰﾁｺﾄｸﾙﾗﾘｽｷｱﾏｻﾊﾟﾃﾅﾆﾌﾐﾖｵｹｾﾔﾓﾛﾒﾚﾈﾎﾉﾋｿｴﾂﾍﾜﾇﾕｦｧｨｩｪｫｬﾑ｡､･｢｣"
LEVELS = {"Japanese": "shift_jis", "Simplified Chinese": "gb2312", "Traditional Chinese": "big5", "Korean": "euc_kr"}
FIRST_LEVEL = {"shift_jis": b"\x98\x73", "gb2312": b"\xd8", "big5": b"\xc7", "euc_kr": b"\xc9"}  # ends before these
_OPENING, _CLOSING = "“‘«„‹¿¡‚", "”’»“‘›"
_SYMBOLS = {"•": 5.0, "№": 5.0} | dict.fromkeys("\xad°§©£€", 6.0) | dict.fromkeys("®·½¼²³™×±´¨", 7.0)
_IBM = "髙﨑德濵彅閒曻桒晴塚神祥福靖精羽諸都飯館隆鶴増寬"  # of the 360 kanji of cp932 alone
_ELISION = re.compile(  # the apostrophes of English and French, which show cp1252
    r"(?i)(?<=n)’(?=t\b)|(?<=[a-z])’(?=(?:s|re|ve|ll|d|m|er|en|st)\b)|(?<![a-z])’(?=t(?:is|was|were|will)\b)"
    r"|(?:(?<=\bo)|(?<=\bi)|(?<=\bth))’(?=\s)|(?:(?<=\b[cdjlmnst])|(?<=qu))’(?=[aeiouyhéèêàâîô])"
)
_LOANS = re.compile("(?i)\\b(naïv|façad|señor|piñat|jalapeñ|déjà|voilà|crème|brûlée|über|fête|São|Brontë)")


def reading_cost(text: str, languages: list[str]) -> tuple[float, float]:
    """What a text costs in the likeliest of some languages, and the share of odd characters beyond ASCII in it."""
    text = text if languages[0] in COMMON else _ELISION.sub("'", text)
    triples = Counter(zip(" " + text, text, text[1:] + " ", strict=False))
    beyond = [(triple, n) for triple, n in triples.items() if not triple[1].isascii()]
    words = Counter(re.findall("[a-z]+", text))
    best = (math.inf, 1.0)
    for language in languages:
        costs = [(character_cost(*triple, language), n) for triple, n in beyond]
        count = sum(n for _, n in costs)
        odd = max(0, sum(n for cost, n in costs if cost > ODD_COST) - (count > FEW)) / max(1, count)
        if language in COMMON:  # texts of names have many rare characters
            odd = sum(n for (_, c, _), n in beyond if _cost_of_east_asian(c, language) > RARE_COST) / max(1, count) / 2
        known = min(WORDS_COUNT, sum(words[word] for word in WORDS.get(language, "").split()))
        if language == "English":  # which cites words of all languages
            known = (known / 2 if known > 2 else -8.0) + (5.0 if _LOANS.search(text) else 0.0)
        best = min(best, (sum(cost * n for cost, n in costs) - known, odd))
    return best[0] + 3.0 * (len(text) - sum(n for _, n in beyond)), best[1]


@lru_cache(1 << 18)
def character_cost(before: str, char: str, after: str, language: str) -> float:
    """The cost of a character beyond ASCII between two others."""
    category = unicodedata.category(char)
    if category in ("Cc", "Cn", "Co", "Cs"):  # "Cs": what could not be decoded
        return ERROR_COST
    if language in COMMON:
        return _cost_in_east_asia(before, char, after, language)
    if category[0] in "LM" and char not in "ªº":
        return _cost_of_letter(before, char, after, language)
    return _cost_of_mark(before, char, after)


def _cost_of_letter(before: str, char: str, after: str, language: str) -> float:
    """By its frequency and place: words are seldom of two scripts, and have capitals first or throughout."""
    alphabet = ALPHABETS[language]
    rank = alphabet.find(char.lower())
    cost = math.log((rank + 1.5) * math.log(len(alphabet) + 1)) if rank >= 0 else 9.0 if char < "\u0250" else 13.0
    latin = alphabet[0] < "\u0250"
    if latin:
        cost += 3.0 if before.isascii() or not before.isalpha() else 5.5
        if not before.isalpha() and not after.isalpha() and not (char in "àéèíáåöôúø" and after.isspace()):
            cost += 5.0  # no word by itself
    else:
        cost += 11.0 * sum(other.isascii() and other.isalpha() for other in (before, after))
        cost += 3.0 * (char in "ךםןףץ" and after.isalpha())
        if not _is_letter(before):
            cost += 2.0 if _is_letter(after) else 5.0  # a word begins, or is one letter
    if char.isupper():
        cost += 7.0 if before.islower() else 0.3 if before.isupper() else 1.5
    return cost


def _is_letter(char: str) -> bool:
    return char.isalpha() or unicodedata.category(char)[0] == "M"


def _cost_of_mark(before: str, char: str, after: str) -> float:
    """Of punctuation, which opens or closes, and of signs, which do not stand within words."""
    left, right = before.isalnum(), after.isalnum()
    if char == "\xa0":
        return 10.0 if before.isspace() or after.isspace() else 5.0
    if char in "–—…":
        return 5.0 if not (left and right) or before.isdigit() or after.isdigit() else 6.5
    if char == "’" and ((left and right) or (before + after).isascii()):
        return 6.5
    fits = (char in _OPENING and not left) or (char in _CLOSING and not right)
    fits = fits or (char in "«»„“" and not (left and right))  # »so« in German, „so“
    if char in _OPENING + _CLOSING:
        return 5.5 if fits else 14.0
    if left and right and not (before.isdigit() or after.isdigit()):
        return 14.0
    return _SYMBOLS.get(char, 10.0)


def _cost_in_east_asia(before: str, char: str, after: str, language: str) -> float:
    """By its frequency and its neighbours: such characters stand in runs, not alone between letters of ASCII."""
    cost = _cost_of_east_asian(char, language)
    for other in (before, after):
        if other.isascii():
            cost += 3.0 if other.isalpha() else 0.3 if language == "Korean" else 1.0
    if "\uff61" <= char <= "\uff9f":  # never one alone, nor among kanji
        cost += 3.0 * sum(not other.isascii() and not "\uff61" <= other <= "\uff9f" for other in (before, after))
        cost += 5.0 * (before.isascii() and after.isascii())
    if before.isascii() and after.isascii():
        cost += 6.0 if before.islower() and after.islower() else 2.0
    return cost


@lru_cache(1 << 16)
def _cost_of_east_asian(char: str, language: str) -> float:
    """By its class: common ones, the standard's first level, its second, and what it lacks."""
    if char in COMMON[language]:
        return 5.7 if language != "Korean" else 5.2
    if "\u3041" <= char <= "\u30ff":
        return (5.0 if char <= "\u309f" else 6.0) if language == "Japanese" else 10.0
    if char in "、。，！？：；「」『』（）《》“”…—　・":
        return 5.0 if language != "Korean" else 8.0
    if "\uff61" <= char <= "\uff9f":
        return 2.5 + 0.7 * math.log(1.5 + HALF_WIDTH.find(char) % 64) if language == "Japanese" else 10.0
    try:
        code = char.encode(LEVELS[language])
    except UnicodeEncodeError:
        return 11.0 if language == "Japanese" and char in _IBM else 14.0
    word = "\uac00" <= char <= "\ud7a3" if language == "Korean" else "\u4e00" <= char <= "\u9fff"
    if not word:
        return 8.0 if "\uff01" <= char <= "\uff5e" else 10.0
    return 8.3 if code < FIRST_LEVEL[LEVELS[language]] else 12.5
