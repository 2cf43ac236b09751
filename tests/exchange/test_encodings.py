"""The encoding of a file is recognised from realistic text, or a warning says that it was guessed."""

# ruff: noqa: RUF001 - letters of other scripts are meant

from pathlib import Path

import pytest

from gateway.exchange.formats.detection import read_sheets
from gateway.exchange.formats.import_options import ImportOptions
from gateway.exchange.formats.sheets import FileRefused, Sheet

WORDS = {
    "cp1250": "Příliš žluťoučký kůň,Náměstí Míru 5,Třebíč;Łódź,Żółwia ścieżka 7,Dąbrowa Górnicza",
    "cp1251": "Фабрика Ромашка,улица Ленина 12,Екатеринбург;Берёзовая роща,Невский проспект 4,Москва",
    "cp932": "株式会社テスト,東京都千代田区丸の内,山田太郎;有限会社さくら,大阪府大阪市北区梅田,鈴木一郎",
    "gb18030": "北京科技有限公司,海淀区中关村大街,张伟;上海贸易有限公司,浦东新区世纪大道,王芳",
    "cp949": "주식회사 한국상사,서울특별시 강남구 테헤란로,김철수;대한무역,부산광역시 해운대구,이영희",
    "cp1252": "Müller Straßenbau,Königstraße 5,Düsseldorf;Café Français,Allée des Chênes 8,Orléans",
}
LANGUAGES = {
    "French": ("cp1252", "Société Générale,Rue de l'Évêché 3,Besançon;Hélène Lefèvre,Côte d'Azur,Nîmes"),
    "Icelandic": ("cp1252", "Þórður Jónsson,Skólavörðustígur 3,Reykjavík;Ýmir,Aðalstræti 5,Ísafjörður"),
    "Polish": ("cp1250", "Spółka Ćwikła,Żółwia ścieżka 7,Łódź;Dąbrowski,Święta Gęś,Gdańsk"),
    "Hungarian": ("cp1250", "Szűcs Tünde,Fő utca 2,Székesfehérvár;Hűtőház,Körösi út 4,Győr"),
    "Romanian": ("cp1250", "Ştefan Ţăran,Strada Mănăstirii 5,Iaşi;Pătraşcu,Strada Unirii,Constanţa"),
    "Croatian": ("cp1250", "Đuro Šarić,Ulica žrtava 5,Šibenik;Kovačević,Trg bana Jelačića,Đakovo"),
    "Ukrainian": ("cp1251", "Їжак і Ко,проспект Свободи 1,Львів;Ґудзик,вулиця Єсеніна,Черкаси"),
    "Serbian": ("cp1251", "Ђорђе Петровић,Улица Кнеза Милоша 5,Београд;Џавић,Његошева,Ниш"),
    "Greek": ("cp1253", "Γιώργος Παπαδόπουλος,Λεωφόρος Νίκης 5,Θεσσαλονίκη;Ελαιόλαδο,Οδός Ερμού,Πάτρα"),
    "Turkish": ("cp1254", "Şahin Gıda,Atatürk Caddesi 5,İstanbul;Işıklar Mobilya,İnönü Bulvarı,Eskişehir"),
    "Lithuanian": ("cp1257", "Žalgirio įmonė,Laisvės alėja 5,Šiauliai;Čiurlionis,Šv. Jono gatvė,Kėdainiai"),
    "Latvian": ("cp1257", "Jānis Bērziņš,Brīvības iela 5,Rīga;Kārlis Ozoliņš,Čaka iela,Jēkabpils"),
    "Estonian": ("cp1257", "Õunapuu OÜ,Pärnu maantee 5,Tallinn;Jõgi ja Järv,Šotimaa tee,Põltsamaa"),
}  # fmt: skip
"""The encoding of a language on Windows, and two customers."""


def table(words: str) -> str:
    """Twenty-four customers with these names and addresses."""
    rows = [row.split(",") for row in words.split(";") * 12]
    lines = [f"C{n:03},{','.join(row)}" for n, row in enumerate(rows)]
    return "\r\n".join(["number,displayName,addressLine1,city", *lines, ""])


def sheet_of(path: Path, content: bytes) -> Sheet:
    path.write_bytes(content)
    [sheet] = read_sheets([path])
    return sheet


@pytest.mark.parametrize(("encoding", "words"), WORDS.items(), ids=WORDS.keys())
def test_realistic_text_is_read_in_its_encoding_with_a_warning(
    tmp_path: Path, encoding: str, words: str
) -> None:
    text = table(words)
    sheet = sheet_of(tmp_path / "customers.csv", text.encode(encoding))
    cells = [list(record.cells.values()) for record in sheet.records()]
    assert cells == [line.split(",") for line in text.splitlines()[1:]]
    assert "option encoding" in sheet.remarks["ENCODING_GUESSED"]


@pytest.mark.parametrize(("encoding", "words"), LANGUAGES.values(), ids=LANGUAGES.keys())
def test_two_rows_are_enough_to_distinguish_the_encodings_of_windows(
    tmp_path: Path, encoding: str, words: str
) -> None:
    rows = [f"C{n},{row}" for n, row in enumerate(words.split(";"))]
    content = "\n".join(["number,displayName,addressLine1,city", *rows, ""]).encode(encoding)
    sheet = sheet_of(tmp_path / "customers.csv", content)
    assert [",".join(filter(None, record.cells.values())) for record in sheet.records()] == rows
    assert sheet.remarks["ENCODING_GUESSED"] == (
        f"The encoding {encoding} is a guess: state another with the option encoding."
    )


def test_a_stated_encoding_is_used_without_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_bytes("number,city\nC1,Diyarbakır\n".encode("cp1254"))
    [sheet] = read_sheets([path], ImportOptions(encoding="cp1254"))
    assert [record.cells["city"] for record in sheet.records()] == ["Diyarbakır"]
    assert (sheet.encoding, sheet.remarks) == ("cp1254", {})


@pytest.mark.parametrize(
    ("encoding", "city"),
    [
        ("cp932", "東京都"),
        ("cp1250", "Łódź"),
        ("cp1250", "Zakład Łączności w Gdańsku"),
        ("cp1252", "Großröhrsdorf, 3. Stock, 12 m³, £Ä"),
        ("cp1252", "¿Qué tal? Señor Muñoz, Nº 5"),
        ("cp1251", "Москва"),
        ("cp1253", "Οδός Ερμού"),
    ],
)
def test_a_short_text_is_read_in_its_encoding(tmp_path: Path, encoding: str, city: str) -> None:
    content = f'number,city\nC1,"{city}"\n'.encode(encoding)
    sheet = sheet_of(tmp_path / "customers.csv", content)
    assert [record.cells["city"] for record in sheet.records()] == [city]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["cp1252", "cp1251", "cp932"])
def test_utf_16_without_a_byte_order_mark_is_read_without_a_warning(
    tmp_path: Path, encoding: str, name: str
) -> None:
    text = table(WORDS[name])
    sheet = sheet_of(tmp_path / "customers.csv", text.encode(encoding))
    cells = [list(record.cells.values()) for record in sheet.records()]
    assert cells == [line.split(",") for line in text.splitlines()[1:]]
    assert not sheet.remarks


def test_a_few_characters_beyond_ascii_are_read_as_windows_1252_with_a_warning(
    tmp_path: Path,
) -> None:
    sheet = sheet_of(tmp_path / "customers.csv", "number,city\nC1,Köln\n".encode("cp1252"))
    assert [record.cells["city"] for record in sheet.records()] == ["Köln"]
    assert "cp1252" in sheet.remarks["ENCODING_GUESSED"]


def test_bytes_that_are_text_in_no_encoding_are_refused(tmp_path: Path) -> None:
    noise = bytes(range(1, 9)) + bytes(range(0x80, 0xA0))
    with pytest.raises(FileRefused, match="state it with the option encoding"):
        sheet_of(tmp_path / "customers.csv", b"number,city\nC1," + noise * 4 + b"\n")


@pytest.mark.parametrize("content", [b"\x0b", b" ,\t\n1,2\n", b"\x0c\n\x0c\n"])
def test_blank_headings_are_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(FileRefused, match="is empty: it has no headings"):
        sheet_of(tmp_path / "customers.csv", content)
