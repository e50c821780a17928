"""MeCab's dictionaries: packages, folders and words of one's own, and one line for each that cannot be used."""

import dataclasses
import importlib.metadata
import importlib.util
import shutil
import subprocess
import sys
import types

import pytest
import unidic_lite

from tsuzuri.errors import UserError
from tsuzuri.text import dictionaries, tokenizers
from tsuzuri.text.settings import USUAL, text_settings_from_options

INDEXERS = ("/usr/lib/mecab/mecab-dict-index", "/usr/libexec/mecab/mecab-dict-index")
INDEXER = next((path for path in (shutil.which("mecab-dict-index"), *INDEXERS) if path and shutil.which(path)), None)


def mecab(**changed):
    return tokenizers.get_tokenizer("mecab", dataclasses.replace(USUAL, **changed))


def refused(**changed):
    with pytest.raises(UserError) as error:
        mecab(**changed)
    assert "\n" not in str(error.value)
    return str(error.value)


def dictionary_file(path, kind=0, charset=b"utf8", lost=0):
    """A file with the header of a compiled dictionary."""
    body = bytes(4) + kind.to_bytes(4, "little") + bytes(28) + charset.ljust(32, b"\0") + b"x" * 100
    size = len(body) + 4
    path.write_bytes(((size ^ 0xEF718F77).to_bytes(4, "little") + body)[: size - lost])
    return str(path)


def test_the_usual_one_is_named_with_its_version():
    assert mecab().dictionary == f"unidic-lite {importlib.metadata.version('unidic-lite')}"


def test_a_folder_is_a_dictionary(tmp_path):
    folder = tmp_path / "my 'own' dictionary"
    shutil.copytree(unidic_lite.DICDIR, folder)
    tokenizer = mecab(dictionary=str(folder))
    assert tokenizer.split("猫は言った。") == mecab().split("猫は言った。")
    name, digest = tokenizer.dictionary.rsplit(" ", 1)
    assert name == "my 'own' dictionary"
    assert len(digest) == 8
    with open(folder / "dicrc", "a") as stream:
        stream.write("\n")
    assert mecab(dictionary=f"{folder}/").dictionary == tokenizer.dictionary


def test_what_is_no_dictionary_is_refused_by_name(tmp_path):
    missing = str(tmp_path / "none")
    allowed = "must be unidic-lite, ipadic, unidic, or a folder of MeCab's dictionary"
    assert refused(dictionary=missing) == f"{missing}: no such folder: {allowed}"
    (tmp_path / "none").mkdir()
    assert refused(dictionary=missing) == f"{missing}: holds no sys.dic: {allowed}"
    path = dictionary_file(tmp_path / "none" / "sys.dic", lost=1)
    assert refused(dictionary=missing) == f"{path}: is no compiled dictionary of MeCab"
    dictionary_file(tmp_path / "none" / "sys.dic", charset=b"EUC-JP")
    assert f"{path}: is a dictionary in 'EUC-JP', must be one in UTF-8" in refused(dictionary=missing)
    dictionary_file(tmp_path / "none" / "sys.dic")
    assert f"MeCab cannot open its dictionary in {missing}" in refused(dictionary=missing)


def test_what_is_no_user_dictionary_is_refused_by_name(tmp_path, capfd):
    path = str(tmp_path / "words.dic")
    assert refused(user_dictionary=path).startswith(f"{path}: no such file")
    (tmp_path / "words.dic").write_text("猫耳,,,1000,名詞\n" * 10)
    assert "words.dic: is no compiled dictionary of MeCab; mecab-dict-index -u" in refused(user_dictionary=path)
    dictionary_file(tmp_path / "words.dic")
    assert "words.dic: is another kind" in refused(user_dictionary=path)
    dictionary_file(tmp_path / "words.dic", kind=1, charset=b"sjis")
    assert "words.dic: is a dictionary in 'sjis'" in refused(user_dictionary=path)
    dictionary_file(tmp_path / "words.dic", kind=1)
    assert f"with {path} (compiled for another?)" in refused(user_dictionary=path)
    assert capfd.readouterr() == ("", "")  # MeCab's package prints a page of advice


def test_packages_that_are_missing_are_named_with_the_command(monkeypatch, tmp_path):
    for name, command in (("unidic-lite", "mecab-python3 unidic-lite"), ("ipadic", "ipadic"), ("unidic", "unidic")):
        monkeypatch.setitem(sys.modules, name.replace("-", "_"), None)
        message = refused(dictionary=name)
        assert f"dictionary {name} is not installed" in message
        assert f"python -m pip install {command}" in message
    monkeypatch.setitem(sys.modules, "unidic", types.SimpleNamespace(DICDIR=str(tmp_path)))
    assert "run 'python -m unidic download'" in refused(dictionary="unidic")
    monkeypatch.setitem(sys.modules, "MeCab", None)
    assert "MeCab is not installed" in refused()


def test_a_broken_package_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(unidic_lite, "DICDIR", str(tmp_path))
    assert "cannot open its dictionary in" in refused()


def test_a_run_says_what_it_was_made_with(monkeypatch, tmp_path):
    text = dataclasses.asdict(dataclasses.replace(USUAL, dictionary="ipadic"))
    about = {"tokens": "mecab", "dictionary": "ipadic 1.0.0", "corpus": {"text": text}}
    monkeypatch.setitem(sys.modules, "ipadic", None)
    with pytest.raises(UserError, match=r"pip install ipadic.*; the run was made with ipadic 1\.0\.0$"):
        tokenizers.tokenizer_of_run(about, b"")
    about["corpus"]["text"] = text | {"dictionary": str(tmp_path / "moved")}
    with pytest.raises(UserError, match=r"moved: no such folder.*; the run was made with ipadic 1\.0\.0$"):
        tokenizers.tokenizer_of_run(about, b"")


def test_paths_are_kept_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    settings = text_settings_from_options({"dictionary": "mine", "user_dictionary": "own.dic"})
    assert (settings.dictionary, settings.user_dictionary) == (str(tmp_path / "mine"), str(tmp_path / "own.dic"))
    settings = text_settings_from_options({"dictionary": "ipadic", "user_dictionary": None})
    assert (settings.dictionary, settings.user_dictionary) == ("ipadic", None)


@pytest.mark.skipif(importlib.util.find_spec("ipadic") is None, reason="the package ipadic is not installed")
def test_ipadic():
    tokenizer = mecab(dictionary="ipadic")
    assert tokenizer.split("すもももももももものうち") == ["すもも", "も", "もも", "も", "もも", "の", "うち"]
    assert tokenizer.dictionary == f"ipadic {importlib.metadata.version('ipadic')}"


@pytest.mark.skipif(INDEXER is None, reason="mecab-dict-index is not installed")
def test_words_of_ones_own(tmp_path):
    (tmp_path / "own.csv").write_text("超電磁猫砲,5146,5146,-9000,名詞,普通名詞,一般\n", encoding="utf-8")
    own = tmp_path / "my own.dic"
    command = [INDEXER, "-d", unidic_lite.DICDIR, "-u", own, "-f", "utf-8", "-t", "utf-8", tmp_path / "own.csv"]
    subprocess.run(command, check=True, capture_output=True)
    tokenizer = mecab(user_dictionary=str(own))
    assert tokenizer.split("超電磁猫砲を撃つ") == ["超電磁猫砲", "を", "撃つ"]
    assert mecab().split("超電磁猫砲を撃つ") != tokenizer.split("超電磁猫砲を撃つ")
    assert tokenizer.dictionary.startswith(f"{mecab().dictionary} and my own.dic ")
    assert dictionaries._digest(own) == tokenizer.dictionary[-8:]
