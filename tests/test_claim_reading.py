"""Articles become clean text: encodings, invisible characters, plain text, Markdown, limits, languages."""

from __future__ import annotations

import tomllib
from importlib import resources

import pytest

from ketascope import InputError
from ketascope.claims.article import Article, read_article
from ketascope.claims.sentences import split_sentences

LONG = "Ketamine is an anaesthetic that doctors have used for many years, and it is now tried in people with anxiety."


def units(content: str | bytes, name: str = "-") -> list[tuple[str, str]]:
    article = read_article(name, content=content.encode() if isinstance(content, str) else content)
    return [(each.kind, each.text) for each in split_sentences(article)]


def texts(content: str | bytes, name: str = "-") -> list[str]:
    return [text for _, text in units(content, name)]


class TestCharacters:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
    def test_every_encoding_gives_the_same_text(self, encoding: str) -> None:
        words = "Doctor’s view: ketamine isn’t a cure – naïve hopes cost $800. " + LONG
        article = read_article("-", content=words.encode(encoding))
        assert article.text == words
        assert (encoding == "cp1252") == any("Windows-1252" in note for note in article.notes)

    def test_one_broken_byte_in_a_long_utf8_text_is_noted_and_the_rest_kept(self) -> None:
        article = read_article("-", content=("It’s “fine”. " * 60).encode() + b"\xff" + LONG.encode())
        assert article.text.count("It’s") == 60
        assert article.notes == ("1 characters are not valid UTF-8 and could not be read",)

    @pytest.mark.parametrize(
        "disguised",
        [
            "ket\u200bamine",
            "ket\u00adamine",
            "ket\u202eamine",
            "\u200fketamine\u200e",
            "ket\u2060amine",
            "ket\ufe0famine",
            "ket\U000e0061amine",
            "ket\x08amine",
            "\ufeffketamine",
            "ket\u061camine",
            "ket\u180eamine",
        ],
    )
    def test_what_cannot_be_seen_is_taken_out(self, disguised: str) -> None:
        assert texts(f"Here {disguised} is not approved.") == ["Here ketamine is not approved."]

    def test_form_and_spaces_are_made_one_and_curly_quotes_stay(self) -> None:
        plain = texts("The cafe\u0301 said\u00a0it\u2009“eﬃciently” uses 0.5\u202fmg and FDA\u2011approved drugs.")
        assert plain == ["The café said it “efficiently” uses 0.5 mg and FDA-approved drugs."]


class TestPlainText:
    def test_lines_broken_to_fit_are_joined_and_paragraphs_are_not(self) -> None:
        content = (
            "Ketamine is a drug that has been used as an anaesthetic for a long\n"
            "time, and it is not approved in the United States by the Food and\n"
            "Drug Administration for any psychiatric condition, the treatment-\n"
            "resistant kind of depression inclu-\nded.\n\nEsketamine is.\n"
        )
        first, second = texts(content)
        assert "Food and Drug Administration" in first
        assert first.endswith("the treatment-resistant kind of depression included.")
        assert second == "Esketamine is."

    def test_a_negation_on_the_next_line_stays_in_its_sentence(self) -> None:
        assert texts("Ketamine is\nnot approved for anxiety.\n") == ["Ketamine is not approved for anxiety."]

    def test_headings_and_items_are_told_from_sentences(self) -> None:
        content = (
            "What the Studies Say\n\nKetamine may help. It fades:"
            "\n- within days\n• within weeks\n1. Rarely later\nThe end."
        )
        assert units(content) == [
            ("heading", "What the Studies Say"),
            ("sentence", "Ketamine may help."),
            ("sentence", "It fades:"),
            ("item", "within days"),
            ("item", "within weeks"),
            ("item", "Rarely later"),
            ("sentence", "The end."),
        ]

    @pytest.mark.parametrize("line", ["Ketamine is safe", "Ketamine cures PTSD", "Ketamine isn’t approved"])
    def test_a_claim_without_a_full_stop_is_no_heading(self, line: str) -> None:
        assert units(f"{line}\n\nThat was all there is.")[0] == ("sentence", line)
        assert units(line) == [("sentence", line)]


class TestMarkdown:
    def test_marks_go_and_words_stay(self) -> None:
        content = """---
title: "A header title"
---
# Ketamine *today* #

Ketamine is **not** [approved](http://x.org/a_(b)) by the `FDA`, says ![logo](x.png)[this page][1].
It costs 2*400 to 3\\*400 dollars; snake_case_word stays.

    code = "Ketamine cures anxiety."

```
Ketamine cures PTSD.
```

> Quoted: it ~~never~~ works<br>for some.
> <!-- Ketamine is safe. --> <script>Ketamine is free.</script>

Setext heading
--------------

* First item
  goes on
2) Second &amp; last

| Drug | Approved |
|------|----------|
| Esketamine | yes |

[1]: http://example.org
"""
        article = read_article("a.md", content=content.encode())
        assert (article.title, article.format) == ("A header title", "markdown")
        assert [(each.kind, each.text) for each in split_sentences(article)] == [
            ("heading", "Ketamine today"),
            ("sentence", "Ketamine is not approved by the FDA, says this page."),
            ("sentence", "It costs 2*400 to 3*400 dollars; snake_case_word stays."),
            ("sentence", "Quoted: it never works for some."),
            ("heading", "Setext heading"),
            ("item", "First item goes on"),
            ("item", "Second & last"),
            ("item", "Drug | Approved"),
            ("item", "Esketamine | yes"),
        ]

    def test_it_is_recognised_without_a_name(self) -> None:
        assert read_article("-", content=b"# Ketamine\n\nIt is **not** approved.").format == "markdown"
        assert read_article("-", content=b"It is 5 * 3 and # 4 of them.").format == "text"


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "empty"),
            (b" \n\t\r\n", "empty"),
            ("\u200b\u200e .. !".encode(), "no readable text"),
            (b"\x89PNG\r\n\x1a\n" + bytes(50), "PNG picture.*OCR"),
            (b"\xff\xd8\xff\xe0" + bytes(50), "JPEG picture"),
            (b"PK\x03\x04" + bytes(50), r"\.docx.*save it as PDF"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(50), r"\.doc.*save it as PDF"),
            (b"{\\rtf1 hello}", "RTF document"),
            (b"\x00\x01\x02\x03 text" * 20, "binary"),
            (bytes(range(1, 256)) * 10, "binary"),
            (b"x" * 10_000_001, "longer than 10 MB"),
            (b"a\n" * 1_100_000, "more than 1,000,000 lines"),
        ],
    )
    def test_it_is_one_clear_line(self, content: bytes, words: str) -> None:
        with pytest.raises(InputError, match=words) as caught:
            read_article("given.txt", content=content)
        assert "\n" not in str(caught.value)
        assert str(caught.value).startswith("given.txt")

    def test_files_that_cannot_be_read(self, tmp_path) -> None:
        for source, words in [
            (tmp_path, "is a folder"),
            (tmp_path / "none.txt", "no such file"),
            ("www.example.org/page", "begin with https://"),
            ("a\x00b", "not the name of a file"),
            ("x" * 5000, "cannot be read"),
            ("bad\n\x1b[31mname", "no such file"),
            ("", "no article given"),
            ("-", "standard input was not read"),
            ("file:///etc/passwd", "only http and https"),
            ("ftp://example.org/a", "only http and https"),
            ("http://", "names no server"),
            ("https://[::1", "not a web address"),
        ]:
            with pytest.raises(InputError, match=words) as caught:
                read_article(source)
            assert str(caught.value).isprintable()

    def test_a_file_is_read_and_named(self, tmp_path) -> None:
        path = tmp_path / "page.txt"
        path.write_text("Ketamine Facts\n\nKetamine is not approved.\n")
        article = read_article(path)
        assert (article.title, article.origin, article.format) == ("Ketamine Facts", str(path), "text")

    def test_a_page_named_as_pdf_is_called_that(self) -> None:
        with pytest.raises(InputError, match="named as a PDF but is none"):
            read_article("a.pdf", content=LONG.encode())


OTHER = {
    "Spanish": "La ketamina es un medicamento que se usa desde hace años como anestésico y que ahora "
    "se estudia en personas "
    "con ansiedad. El alivio llega en pocas horas, aunque suele durar pocos días.",
    "German": "Ketamin ist ein Narkosemittel, das seit einigen Jahren auch bei Menschen mit Angst "
    "geprüft wird. Die Wirkung "
    "setzt nach wenigen Stunden ein, hält aber oft nur einige Tage an.",
    "French": "La kétamine est un anesthésique connu depuis longtemps, et les médecins étudient "
    "maintenant son effet chez les "
    "personnes anxieuses. Le soulagement arrive en quelques heures.",
    "Dutch": "Ketamine is een verdovingsmiddel dat nu ook wordt onderzocht bij mensen met angst. "
    "De werking begint binnen "
    "enkele uren, maar houdt vaak maar een paar dagen aan.",
    "Swedish": "Ketamin är ett narkosmedel som nu också prövas hos människor med ångest. Effekten "
    "kommer inom några timmar "
    "men varar ofta bara några dagar, och det fungerar inte för alla.",
    "Russian": "Кетамин давно применяется как средство для наркоза, а теперь его изучают у людей с "
    "тревогой. Облегчение "
    "приходит через несколько часов, но часто длится всего несколько дней и не у всех.",
    "Japanese": "ケタミンは長年にわたり麻酔薬として使われてきましたが、"
    "現在は不安を抱える人々への効果が研究されています。"
    "効果は数時間で現れますが、数日しか続かないことが多いです。",
}
ENGLISH = [
    "Ketamine, esketamine, norketamine, hydroxynorketamine, midazolam, lorazepam, "
    "escitalopram, sertraline, paroxetine, "
    "fluoxetine, venlafaxine, duloxetine, vortioxetine, bupropion, quetiapine, "
    "aripiprazole, lamotrigine: some were tested.",
    "Ketamine esketamine norketamine hydroxynorketamine midazolam lorazepam escitalopram "
    "sertraline paroxetine fluoxetine "
    "venlafaxine duloxetine vortioxetine bupropion dextromethorphan quetiapine "
    "aripiprazole lamotrigine mirtazapine buspirone",
    "Ketamine cures anxiety. Ketamine cures PTSD. Ketamine is FDA-approved. Esketamine "
    "works within hours. Spravato costs "
    "$800. SSRIs take weeks. Infusions last 40 minutes. Ketamine is addictive. No side effects.",
    "Methods: randomised double-blind crossover trial, n=18, ketamine 0.5 mg/kg IV vs "
    "midazolam 0.045 mg/kg. Results: LSAS "
    "scores decreased significantly (p=0.01); HAM-A scores decreased (p=0.02). Ketamine "
    "reduced symptoms in refractory GAD.",
]


class TestLanguage:
    @pytest.mark.parametrize("language", OTHER)
    def test_another_language_is_named(self, language: str) -> None:
        with pytest.raises(InputError, match=f"seems to be {language}; audit reads English"):
            read_article("-", content=OTHER[language].encode())

    @pytest.mark.parametrize("words", ENGLISH)
    def test_names_of_drugs_do_not_fool_it(self, words: str) -> None:
        assert read_article("-", content=words.encode()).text == words

    def test_few_words_are_not_judged(self) -> None:
        article = read_article("-", content=b"La ketamina cura la ansiedad.")
        assert article.notes == ("too short to tell its language; it was read as English",)


def test_every_limit_has_a_value_a_unit_and_a_reason() -> None:
    file = resources.files("ketascope.claims") / "data" / "reading_limits.toml"
    rows = tomllib.loads(file.read_text(encoding="utf-8"))
    assert len(rows) >= 9
    for name, row in rows.items():
        assert row["value"] > 0, name
        assert row["unit"], name
        assert row["source"].startswith("Input rule: "), name


def test_an_article_made_by_hand_needs_no_blocks() -> None:
    article = Article("A Heading Of Words\nKetamine helps. It fades.", "", "here", "text")
    assert [each.text for each in split_sentences(article)] == ["A Heading Of Words", "Ketamine helps.", "It fades."]
