"""Tests that nbconvert gives the stored outputs of every sample notebook."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import nbformat
from nbconvert import HTMLExporter, LatexExporter, ScriptExporter
from pygments.token import Error, Keyword

from notebooks import all_samples, execute


def compared(cell, with_packages):
    """The constant part of the outputs: progress bars contain times, large tables the id of their kernel; of drawings by packages
    only the kind is compared."""
    if with_packages:
        return [(output.output_type, sorted(output.get("data", {}))) for output in cell.get("outputs", [])]
    return json.loads(re.sub(r"\b\d\d:\d\d\b|[\d.,]+(?=/s\b)|\b[\dA-F]{32}(?=-\d+-table-)", "…", json.dumps(cell.get("outputs"))))


class Samples(unittest.TestCase):
    maxDiff = None

    def test_every_sample_gives_the_outputs_that_are_stored_in_it(self):
        samples = all_samples()
        self.assertTrue(samples)
        for path in samples:
            stored = nbformat.read(path, nbformat.NO_CONVERT)
            nbformat.validate(stored)
            self.assertTrue(any(cell.get("outputs") for cell in stored.cells), f"{path} has no outputs to compare")
            executed = execute(path)
            with_packages = any("nuget:" in cell.source for cell in stored.cells)
            for number, (old, new) in enumerate(zip(stored.cells, executed.cells, strict=True), start=1):
                with self.subTest(path=path, cell=number):
                    self.assertEqual(compared(new, with_packages), compared(old, with_packages))
                    self.assertEqual(new.get("execution_count"), old.get("execution_count"))


class Conversions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # As saved by earlier versions and .NET Interactive.
        metadata = {"kernelspec": {"display_name": "C#", "language": "C#", "name": "csharp"}, "language_info": {"name": "C#"}}
        cells = [nbformat.v4.new_code_cell(code) for code in (
            "foreach (var n in new[] { 1 }) Console.WriteLine(n);",
            "Plot.IsPrintable = true;",
            'Plot.Bar(new[] { "São Paulo", "a long name that is turned", "c", "d", "e", "f" }, new[] { 1, 22.5, 3, 4, 5, 6 }).Title("Größe – €").Size(300, 200)',
            "Plot.Scatter(new[] { 1, 2 }, new[] { -1e-9, 2e9 }).Colors(\"tomato\")",
            "Plot.Heatmap(new double[,] { { 1, -2 }, { 3, double.NaN } })",
            "Plot.Histogram(new[] { 1, 2, 2 }).Line(new[] { 1, 2, 3 })")]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "small.ipynb")
            nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
            cls.notebook = execute(path)

    def test_an_executed_notebook_names_its_language_as_every_front_end_knows_it(self):
        language = self.notebook.metadata.language_info
        self.assertEqual((language.name, language.mimetype, language.file_extension), ("csharp", "text/x-csharp", ".cs"))

    def test_html_is_highlighted_as_c_sharp(self):
        html, _ = HTMLExporter().from_notebook_node(self.notebook)
        self.assertIn('<span class="k">foreach</span>', html)

    def test_latex_has_charts_as_pdf_and_needs_no_inkscape(self):
        exporter = LatexExporter()
        latex, resources = exporter.from_notebook_node(self.notebook, {"output_files_dir": "files", "unique_key": "small"})
        pdfs = {name: data for name, data in resources["outputs"].items() if name.endswith(".pdf")}
        self.assertEqual(len(pdfs), 4)
        for name, data in pdfs.items():
            self.assertIn(name, latex)
            self.assert_xref(data)
        if shutil.which("pdftotext"):
            shown = [subprocess.run(["pdftotext", "-", "-"], input=data, capture_output=True, check=True) for data in pdfs.values()]
            self.assertEqual([rendered.stderr for rendered in shown], [b""] * 4)
            for text in "Größe – €", "Sã", "2B", "–2":
                self.assertIn(text, "".join(rendered.stdout.decode() for rendered in shown))

    def assert_xref(self, pdf):
        """Every object is where the table says."""
        table = int(re.search(rb"startxref\n(\d+)\n%%EOF", pdf)[1])
        places = re.findall(rb"^(\d{10}) 00000 n", pdf[table:], re.MULTILINE)
        self.assertEqual(len(places), 5)
        for number, place in enumerate(places, start=1):
            self.assertTrue(pdf[int(place):].startswith(b"%d 0 obj" % number))

    def test_the_lexer_for_sphinx_takes_all_lines_of_cells(self):
        with open(os.path.join(os.path.dirname(__file__), "..", "..", "docs", "documents.md")) as file:
            code = re.search(r"```python\n(.*?)```", file.read(), re.DOTALL)[1]
        names = {}
        exec(code, names)
        lexer = names["CSharpCellLexer"]()
        for cell in '#!time\nvar x = 1;', '#r "nuget: Dapper, 2.1"\nusing Dapper;', "#!markdown\n# Title", "#:package X@1", "#!set --name a\ntext":
            self.assertNotIn(Error, [kind for kind, _ in lexer.get_tokens(cell)])
        self.assertTrue(any(kind in Keyword and text == "var" for kind, text in lexer.get_tokens("#!time\nvar x = 1;")))

    def test_a_script_is_a_c_sharp_file(self):
        script, resources = ScriptExporter().from_notebook_node(self.notebook)
        self.assertEqual(resources["output_extension"], ".cs")
        self.assertIn("foreach (var n in new[] { 1 }) Console.WriteLine(n);", script)
