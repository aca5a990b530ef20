using JupyterKernel.Magics;
using JupyterKernel.NotebookFiles;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>Tests how cells are split into blocks, and how magics are parsed.</summary>
public sealed class CellBlocksTests
{
    [Fact]
    public void A_cell_without_magics_is_one_block_as_it_is()
    {
        const string Code = "var x = 1;\nx";

        Assert.False(CellBlocks.MayHave(Code));
        Assert.Equal([new CellBlock(1, null, "", Code)], Blocks(Code));
    }

    [Fact]
    public void Blocks_of_C_sharp_keep_their_lines() =>
        Assert.Equal(
            [new CellBlock(1, "#!time", "", ""), new(2, null, "", "\nvar x = 1;\n"), new(3, "#!html", "", "<b>\n</b>"),
                new(6, "#!csharp", " ", "") { Language = CellLanguage.Find("html")! }, new(7, null, "", "\n\n\n\n\n\nx")],
            Blocks("#!time\nvar x = 1;\n#!html\n<b>\n</b>\n#!csharp \nx"));

    [Fact]
    public void Windows_line_endings_are_handled() =>
        Assert.Equal(
            [new CellBlock(1, "#!html", "", "<b>"), new(3, "#!csharp", "", "") { Language = CellLanguage.Find("html")! },
                new(4, null, "", "\r\n\r\n\r\nx")], Blocks("#!html\r\n<b>\r\n#!csharp\r\nx"));

    [Theory]
    [InlineData("var s = \"\"\"\n#!html\n\"\"\";")]
    [InlineData("var s = $\"\"\"\n#!html {1}\n\"\"\";")]
    [InlineData("var s = @\"\n#!html\n\";")]
    [InlineData("/*\n#!html\n*/")]
    [InlineData("// #!html")]
    [InlineData("#if NO\n#!html\n#endif")]
    [InlineData("x #!html")]
    public void Magics_inside_C_sharp_tokens_do_not_count(string code) => Assert.Equal([new CellBlock(1, null, "", code)], Blocks(code));

    [Theory]
    [InlineData("#!html\n\" ' /* @\" \"\"\"\n#!csharp\n1", "\" ' /* @\" \"\"\"")]
    [InlineData("#!html\n#!unknown\n#!csharp\n1", "#!unknown")]
    [InlineData("#!html\n\n\n  text  \n\n#!csharp\n1", "  text  ")]
    public void Text_of_any_kind_ends_at_the_next_magic(string code, string text)
    {
        var blocks = Blocks(code);

        Assert.Equal(text, blocks[0].Text);
        Assert.Equal("1", blocks[^1].Text.Trim());
    }

    [Fact]
    public void A_magic_has_the_language_of_its_block() =>
        Assert.Equal(["csharp", "csharp", "javascript", "javascript", "csharp"],
            Blocks("#!time\n#!js\n#!share x --from csharp\n#!csharp\n#!time").Select(block => block.Language.Name));

    [Fact]
    public void The_metadata_determine_the_first_language_of_a_cell()
    {
        Assert.Equal([new CellBlock(1, "#!html", "", "<b>")], CellBlocks.Of("<b>", MagicTable.Find, CellLanguage.Find("html")!));
        Assert.Null(CellBlocks.Of("#!c#\n1", MagicTable.Find, CellLanguage.Find("html")!)[^1].Magic);
    }

    [Theory]
    [InlineData("#!html\n<b>\n#!csharp\nx.", "      \n   \n        \nx.")]
    [InlineData("#!time\nx.", "      \nx.")]
    [InlineData("#!fsharp\nlet x = 1", "        \n         ")]
    public void OnlyCSharp_keeps_C_sharp_in_its_place(string code, string left) =>
        Assert.Equal(left, CellBlocks.OnlyCSharp(code, MagicTable.Find));

    [Theory]
    [InlineData("#!set", " --name x --value 1", "--value", MagicValueKind.Literal, "1")]
    [InlineData("#!set", " --name=x --value=\"a b\"", "--value", MagicValueKind.Literal, "a b")]
    [InlineData("#!set", " --name x --value \"say \\\"hi\\\"\"", "--value", MagicValueKind.Literal, "say \"hi\"")]
    [InlineData("#!set", " --name x --value @csharp:y", "--value", MagicValueKind.Shared, "y")]
    [InlineData("#!set", " --name x --value @y", "--value", MagicValueKind.Shared, "y")]
    [InlineData("#!set", " --name x --value \"@csharp:y\"", "--value", MagicValueKind.Literal, "@csharp:y")]
    [InlineData("#!set", " --name x --value @input", "--value", MagicValueKind.Input, "")]
    [InlineData("#!set", " --name x --value @input:\"Who are you?\"", "--value", MagicValueKind.Input, "Who are you?")]
    [InlineData("#!set", " --name x --value @password:{\"prompt\": \"The word\", \"type\": \"x\"}", "--value", MagicValueKind.Password,
        "The word")]
    [InlineData("#!value", " --name x --from-value @home", "--from-value", MagicValueKind.Literal, "@home")]
    [InlineData("#!settings", " memory-threshold 2 GB", "value", MagicValueKind.Literal, "2 GB")]
    [InlineData("#!import", " \"a b.dib\"", "file", MagicValueKind.Literal, "a b.dib")]
    public void Values_are_read(string magic, string arguments, string parameter, object kind, string text)
    {
        var (call, problem) = MagicCall.Parse(MagicTable.Find(magic)!, new CellBlock(1, magic, arguments, ""));

        Assert.Null(problem);
        Assert.Equal((kind, text), (call!.Values[parameter].Kind, call[parameter]));
    }

    [Theory]
    [InlineData("#!set", " --name x", "--value")]
    [InlineData("#!set", " --name x --value", "needs a value")]
    [InlineData("#!set", " --nme x --value 1", "Did you mean '--name'?")]
    [InlineData("#!set", " --name x --value \"open", "not closed")]
    [InlineData("#!set", " --name x --value @input:{", "not closed")]
    [InlineData("#!time", " later", "'later'")]
    public void Invalid_options_are_reported(string magic, string arguments, string word) =>
        Assert.Contains(word, MagicCall.Parse(MagicTable.Find(magic)!, new CellBlock(1, magic, arguments, "")).Problem,
            StringComparison.Ordinal);

    [Fact]
    public void Every_magic_is_found_by_each_of_its_names_and_explains_itself()
    {
        Assert.All(MagicTable.All, magic => Assert.All(magic.Names, name =>
        {
            Assert.Same(magic, MagicTable.Find(name));
            Assert.True(MagicCall.Parse(magic, new CellBlock(1, magic.Name, " --help", "")).Call!.WantsHelp || magic.IsForeign);
            Assert.Contains($"Usage: {magic.Name}", MagicCall.Help(magic), StringComparison.Ordinal);
        }));
        Assert.Same(MagicTable.Find("#!c#"), MagicTable.Find("#!C#"));
        Assert.Same(MagicTable.Find("#!sql"), MagicTable.Find("#!sql-orders"));
        Assert.Null(MagicTable.Find("#!"));
    }

    private static IReadOnlyList<CellBlock> Blocks(string code) => CellBlocks.Of(code, MagicTable.Find, CellLanguage.CSharp);
}
