using System.Collections.Immutable;
using System.Reflection;
using JupyterKernel.Compilation;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace JupyterKernel.Tests;

/// <summary>Tests the compiler: cell text in, image or errors out, each cell after the one before it.</summary>
public sealed class CellCompilerTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("compiler-tests-");
    private readonly CellCompiler compiler;
    private CSharpCompilation last;

    public CellCompilerTests()
    {
        compiler = new(folder.FullName);
        last = compiler.Root;
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void A_cell_becomes_an_image_with_symbols_and_an_entry_point()
    {
        var cell = Accept("1 + 1");

        Assert.Equal(("Cell [1]", "1 + 1"), (cell.Name, cell.Code));
        var loaded = System.Reflection.Assembly.Load(cell.Emitted.Assembly, cell.Emitted.Symbols);
        var entry = loaded.GetType(cell.EntryType)!.GetMethod(cell.EntryMethod)!;
        Assert.Equal(typeof(Task<object>), entry.ReturnType);
        Assert.Equal([typeof(object[])], entry.GetParameters().Select(parameter => parameter.ParameterType));
        Assert.Empty(cell.AssemblyPaths);
    }

    [Fact]
    public void Every_cell_has_an_assembly_and_an_entry_type_of_its_own()
    {
        CompiledCell[] cells = [Accept("1"), Accept("1"), Accept("1")];

        Assert.Equal(3, cells.Select(cell => cell.AssemblyName).Distinct().Count());
        Assert.Equal(3, cells.Select(cell => cell.EntryType).Distinct().Count());
    }

    [Theory]
    [InlineData("")]
    [InlineData("   \n\t")]
    [InlineData("// nothing but a comment")]
    [InlineData("#region\n#endregion")]
    [InlineData("using System.Xml.Linq;")]
    [InlineData("using static System.Math; // Sqrt")]
    [InlineData("#r \"\"")]
    [InlineData("#if false\nnot compiled\n#endif")]
    [InlineData("await Task.Delay(1);")]
    [InlineData("unsafe { int x = 1; int* p = &x; *p = 2; }")]
    [InlineData("foreach (var i in Enumerable.Range(1, 3)) Console.Write(i);")]
    [InlineData("record R(int X); new R(1)")]
    [InlineData("display(1); HTML(\"<b>\")")]
    public void Every_valid_form_of_a_cell_compiles(string code) => Accept(code);

    [Fact]
    public void Later_cells_see_what_earlier_ones_declared()
    {
        Accept("using Xml = System.Xml.Linq; int x = 1; int Twice(int i) => 2 * i; class A { public int B = 3; }");
        Accept("var anonymous = new { Name = \"n\" };");

        Accept("Twice(x) + new A().B + anonymous.Name.Length");
        Accept("new Xml.XElement(\"a\")");
    }

    [Fact]
    public void A_redeclared_variable_has_its_new_type()
    {
        Accept("int x = 1; class A { public int Old; }");
        Accept("string x = \"\"; class A { public int New; }");

        Accept("x.Length + new A().New");
        Assert.Equal(["CS1061"], Refuse("new A().Old").Select(error => error.Id));
    }

    [Fact]
    public void A_cell_with_an_error_leaves_nothing_behind()
    {
        Accept("int x = 1;");
        Refuse("int y = 2; class B {} undefined();");

        Assert.Equal(["CS0103", "CS0246"], Refuse("Console.Write(y); new B()").Select(error => error.Id).Order());
        Accept("x");
    }

    [Fact]
    public void Errors_carry_the_cells_name_and_are_errors_only()
    {
        var errors = Refuse("#warning beware\nint unused;\nundefined();");

        Assert.Equal("Cell [1]", Assert.Single(errors).Location.GetLineSpan().Path);
        Assert.All(errors, error => Assert.Equal(DiagnosticSeverity.Error, error.Severity));
    }

    [Fact]
    public void A_type_outside_the_core_compiles_and_later_cells_inherit_its_assembly_and_dependencies()
    {
        var first = Accept("var document = new System.Xml.XmlDocument();");

        var added = first.Link.ExternalReferences.Select(reference => Path.GetFileNameWithoutExtension(reference.Display)).ToList();
        Assert.Contains("System.Private.Xml", added);
        Assert.True(added.Count < ReferenceSet.Rest.Count / 2, string.Join(", ", added));
        Assert.Same(first.Link, Accept("document.OuterXml").Link);
    }

    [Fact]
    public void Types_are_the_same_in_later_cells_that_take_further_parts_of_the_framework()
    {
        Accept("var table = new System.Data.DataTable();");
        Accept("System.Data.DataTable second = table; var document = new System.Xml.XmlDocument();");
        Accept("System.Data.DataTable third = second; document = new(); var address = new System.Net.Mail.MailAddress(\"a@b\"); "
            + "second = table;");
        Accept("var client = new HttpClient();");
        Accept("HttpClient other = client; var hash = System.Security.Cryptography.SHA256.HashData(new byte[1]);");
    }

    [Fact]
    public void A_cell_within_the_core_adds_no_references() =>
        Assert.Same(compiler.Root, Accept("System.Text.Json.JsonSerializer.Serialize(new List<int> { 1 })").Link);

    [Fact]
    public void An_error_next_to_a_type_outside_the_core_is_the_only_error() =>
        Assert.Equal(["CS0103"], Refuse("var document = new System.Xml.XmlDocument(); undefined();").Select(error => error.Id));

    [Fact]
    public async Task Excessive_nesting_compiles_or_gives_errors()
    {
        string[] deep =
        [
            new string('(', 100_000) + "1" + new string(')', 100_000),
            new string('(', 100_000),
            string.Concat(Enumerable.Repeat("{", 100_000)),
            string.Concat(Enumerable.Repeat("if (true) ", 100_000)) + ";",
            "var x = " + string.Join("+", Enumerable.Repeat("1", 100_000)) + ";",
            "var y = " + string.Concat(Enumerable.Repeat("-(", 20_000)) + "1" + new string(')', 20_000) + ";",
            "var z = \"\"" + string.Concat(Enumerable.Repeat(".Trim()", 20_000)) + ";",
        ];
        foreach (var code in deep)
        {
            var outcome = await new CompilationThread().RunAsync(() => compiler.Compile(code, "Cell [1]", last, Cancellation), Cancellation)
                .WaitAsync(Deadline, Cancellation);

            Assert.True(outcome.Cell is not null || outcome.Errors.Length > 0);
        }

        Accept("1");
    }

    [Fact]
    public void A_literal_of_5_MB_compiles()
    {
        var cell = Accept("var text = \"" + new string('a', 5 * 1024 * 1024) + "\"; text.Length");

        Assert.True(cell.Emitted.Assembly.Length > 10 * 1024 * 1024);
    }

    [Theory]
    [InlineData("#r \"not-there.dll\"", "CS0006")]
    [InlineData("#r \"a\\0b\"", "CS0006")]
    [InlineData("#load \"not-there.csx\"", "CS1504")]
    [InlineData("int x = 1;\n#r \"late.dll\"", "CS7009")]
    [InlineData("int x = 1;\n#load \"late.csx\"", "CS8098")]
    public void A_directive_for_a_missing_file_is_an_error(string code, string error) =>
        Assert.Contains(error, Refuse(code).Select(diagnostic => diagnostic.Id));

    [Fact]
    public void A_file_that_is_not_an_assembly_is_an_error()
    {
        Write("text.dll", "hello");

        Assert.Equal(["CS0009"], Refuse("#r \"text.dll\"\n1").Select(error => error.Id));
    }

    [Fact]
    public void A_referenced_assembly_is_named_for_the_worker_and_inherited()
    {
        var path = typeof(NetMQ.NetMQConfig).Assembly.Location;

        Assert.Equal([path],
            Accept($"#r \"{path.Replace('\\', '/')}\"\nvar type = typeof(NetMQ.NetMQConfig);").AssemblyPaths.Select(Path.GetFullPath));
        Assert.Empty(Accept("typeof(NetMQ.NetMQException)").AssemblyPaths);
    }

    [Fact]
    public void A_reference_with_an_alias_is_known_by_it_to_the_cell_that_names_it_and_to_later_ones()
    {
        var path = typeof(NetMQ.NetMQConfig).Assembly.Location;

        var cell =
            Accept($"#r \"Mq={path.Replace('\\', '/')}\"\nextern alias Mq;\nusing Mq::NetMQ;\nclass Makes {{ public static Mq::NetMQ.Msg "
                + $"One() => new(); public static Type Type => typeof(NetMQException); }}\nvar one = Makes.One(); "
                + $"Mq::NetMQ.Msg other = one; other");
        Assert.Equal([path], cell.AssemblyPaths.Select(Path.GetFullPath));
        Accept("extern alias Mq;\nusing Config = Mq::NetMQ.NetMQConfig;\nclass Later { public static Type Type => typeof(Config); "
            + "}\nvar size = Makes.One().Size;");
        Accept("var third = new Mq::NetMQ.Msg(); third = one; typeof(Config) == Later.Type");

        // Namespaces of an alias are imported for the one cell, as in a file, all others for later ones too.
        Accept("using Mq::NetMQ; using Also = Mq::NetMQ; using static Mq::NetMQ.NetMQConfig; using System.Xml.Linq; Msg fourth = one; "
            + "var both = new { Message = new Msg(), Cleanup = Linger }; third = both.Message;");
        Accept("using Mq::NetMQ; Msg fifth = one; class Holds { public Msg Message; }");
        Accept("fifth = new Holds().Message; new { fifth }");
        Accept("var element = new XElement(\"a\"); fourth = both.Message; Linger");
        Assert.Equal(["CS0246"], Refuse("Msg sixth;").Select(error => error.Id));
        Accept("namespace Spaced { extern alias Mq; public class Has { public Mq::NetMQ.Msg Message = new Mq::NetMQ.Msg(); } }");
        Accept("extern alias Mq;\nnamespace Spaces { public class Has { public Mq::NetMQ.Msg Message = new Mq::NetMQ.Msg(); "
            + "} }\none = new Spaces.Has().Message; one = new Mq::NetMQ.Msg();");
        Assert.Equal(["CS0246"], Refuse("typeof(NetMQ.Msg)").Select(error => error.Id));
        var unnamed = Refuse("extern alias Other;\n1");
        Assert.Equal(["CS0430"], unnamed.Select(error => error.Id));
        Assert.Contains("#r \"Other=file.dll\"", string.Join('\n', CompileErrorText.Traceback(unnamed)), StringComparison.Ordinal);
        var unknown = Refuse("typeof(Other::NetMQ.Msg)");
        Assert.Equal(["CS0432"], unknown.Select(error => error.Id));
        Assert.Contains("extern alias Other;", string.Join('\n', CompileErrorText.Traceback(unknown)), StringComparison.Ordinal);
        Assert.Equal(["CS0006"], Refuse("#r \"Mq=none.dll\"").Select(error => error.Id));
    }

    [Fact]
    public void A_file_whose_name_looks_like_one_with_an_alias_is_found()
    {
        File.Copy(typeof(NetMQ.NetMQConfig).Assembly.Location, Path.Combine(folder.FullName, "a=b.dll"));

        Accept("#r \"a=b.dll\"\ntypeof(NetMQ.NetMQConfig)");
        Accept("#r \"Mq=a=b.dll\"\nextern alias Mq;\ntypeof(Mq::NetMQ.NetMQConfig)");
    }

    [Fact]
    public void A_loaded_file_is_part_of_the_cell_and_its_errors_name_it()
    {
        Write("good.csx", "int fromFile = 1;");
        Write("bad.csx", "\nundefined();");

        Accept("#load \"good.csx\"\nfromFile + 1");
        Accept("fromFile");
        var place = Assert.Single(Refuse("#load \"bad.csx\"")).Location.GetLineSpan();
        Assert.Equal(("bad.csx", 1), (Path.GetFileName(place.Path), place.StartLinePosition.Line));
    }

    [Fact]
    public void A_file_that_loads_itself_or_its_loader_is_loaded_once()
    {
        Write("self.csx", "#load \"self.csx\"\nint self = 1;");
        Write("one.csx", "#load \"two.csx\"\nint one = 1;");
        Write("two.csx", "#load \"one.csx\"\nint two = 2;");

        Accept("#load \"self.csx\"\n#load \"one.csx\"\nself + one + two");
    }

    [Fact]
    public void A_cancelled_compilation_leaves_nothing_behind()
    {
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();

        Assert.ThrowsAny<OperationCanceledException>(() => compiler.Compile("int x = 1;", "Cell [1]", last, cancellation.Token));
        Assert.Equal(["CS0103"], Refuse("x").Select(error => error.Id));
    }

    [Theory]
    [InlineData("unsafe { int n = 1; int* p = &n; *p = 2; }")]
    [InlineData("unsafe struct Buffer { public fixed byte Bytes[8]; }")]
    [InlineData(
        "[System.Runtime.CompilerServices.SkipLocalsInit] static int First() { Span<int> numbers = stackalloc int[3]; "
            + "return numbers.Length; }")]
    public void Code_that_marks_an_assembly_as_unsafe_compiles(string code) =>
        Assert.Empty(compiler.Compile(code, "Cell [1]", last, Cancellation).Errors);

    [Fact]
    public void Bound_references_are_shared_by_later_submissions_that_add_none()
    {
        var compiler = new CellCompiler(Path.GetTempPath());
        var first = compiler.CreateSubmission("int x = 1;", compiler.Root);
        var second = compiler.CreateSubmission("int y = x;", compiler.Root);
        var behind = compiler.CreateSubmission("int z = x;", first);
        var other = compiler.CreateSubmission("#r \"System.Xml.Linq.dll\"\nint w = x;", first);
        var behindOther = compiler.CreateSubmission("int v = w;", other);

        CSharpCompilation[] all = [first, second, behind, other, behindOther];
        Assert.Equal(all.Length, all.Select(submission => submission.Assembly.Identity).Distinct().Count());
        Assert.All(all, submission => Assert.Equal(submission.AssemblyName, submission.Assembly.Name));
        Assert.Same(References(first), References(second));
        Assert.Same(References(first), References(behind));
        Assert.NotSame(References(first), References(other));
        Assert.Equal(["CS0103"], second.GetDiagnostics(Cancellation).Select(error => error.Id));
        Assert.Empty(behindOther.GetDiagnostics(Cancellation));

        // A separate list if they were bound again. Roslyn has no public API for it.
        static object References(CSharpCompilation submission)
        {
            const BindingFlags Inside = BindingFlags.Instance | BindingFlags.NonPublic;
            var manager = typeof(CSharpCompilation).GetField("_referenceManager", Inside)!.GetValue(submission)!;
            return manager.GetType().BaseType!.GetField("_lazyReferencedAssembliesMap", Inside)!.GetValue(manager)!;
        }
    }

    [Fact]
    public void Warming_leaves_nothing_behind()
    {
        compiler.Warm();

        Assert.Equal(["CS0103"], Refuse("x").Select(error => error.Id));
    }

    private CompiledCell Accept(string code)
    {
        var outcome = compiler.Compile(code, "Cell [1]", last, Cancellation);
        Assert.True(outcome.Cell is not null, string.Join('\n', outcome.Errors));
        Assert.Empty(outcome.Errors);
        last = outcome.Cell.Link;
        return outcome.Cell;
    }

    private ImmutableArray<Diagnostic> Refuse(string code)
    {
        var outcome = compiler.Compile(code, "Cell [1]", last, Cancellation);
        Assert.Null(outcome.Cell);
        Assert.NotEmpty(outcome.Errors);
        return outcome.Errors;
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(folder.FullName, name), text);
}
