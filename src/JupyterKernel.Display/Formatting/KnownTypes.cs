using System.Collections;
using System.Data;
using System.Globalization;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json.Nodes;
using System.Xml;
using System.Xml.Linq;
using JupyterKernel.Display.Bundles;

namespace JupyterKernel.Display.Formatting;

/// <summary>
/// The types that are displayed differently than by their members. They are found by name, so that no package is referenced and no assembly
/// is loaded for them before there is a value. Any thread.
/// </summary>
internal static class KnownTypes
{
    private const int ChartWidth = 640;
    private const int ChartHeight = 400;

    /// <summary>The maximum number of items of a tensor that is copied; of a larger one, only the type and the lengths are shown.</summary>
    private const int MaxTensorItems = 1_000_000;

    private static readonly Dictionary<string, Func<object, DisplayTreeReader, DisplayTree>> Readers = new()
    {
        ["System.Data.DataTable"] = (value, reader) => Table(((DataTable)value).DefaultView, reader),
        ["System.Data.DataView"] = (value, reader) => Table((DataView)value, reader),
        ["System.Data.IDataReader"] = (value, reader) => Table((IDataReader)value, reader),
        ["System.Linq.IGrouping`2"] = Group,
        ["System.Collections.Generic.IAsyncEnumerable`1"] = AsyncSequence,
        ["System.Memory`1"] = (value, reader) => reader.ReadNested(Call(value, "ToArray")),
        ["System.ReadOnlyMemory`1"] = (value, reader) =>
            value is ReadOnlyMemory<char> text
                ? new DisplayTree.Text(Scalars.Quoted(text.ToString()), TextKind.String, text.ToString())
                : reader.ReadNested(Call(value, "ToArray")),
        ["System.Reflection.MethodBase"] = (value, _) => new DisplayTree.Text(Signature((MethodBase)value)),
        ["System.IO.Stream"] = (value, reader) => StreamOf((Stream)value, reader),
        ["System.Xml.Linq.XObject"] = (value, _) =>
            value is XDocument { Root: { } root } ? Xml(root)
            : value is XElement element ? Xml(element)
            : new DisplayTree.Text(value.ToString()!),
        ["System.Xml.XmlNode"] = (value, _) =>
            value is XmlDocument { DocumentElement: { } root } ? Xml(XElement.Parse(root.OuterXml))
            : value is XmlElement element ? Xml(XElement.Parse(element.OuterXml))
            : new DisplayTree.Text(((XmlNode)value).OuterXml),
        ["System.Text.Json.Nodes.JsonNode"] = (value, reader) => Json((string)Call(value, "ToJsonString")!, reader),
        ["System.Text.Json.JsonElement"] = (value, reader) => Json((string)Call(value, "GetRawText")!, reader),
        ["Newtonsoft.Json.Linq.JToken"] = (value, reader) =>
            Json((string)Call(value, "ToString", Enum.ToObject(Find(value, "Newtonsoft.Json.Formatting"), 0), null)!, reader),
        ["Microsoft.AspNetCore.Html.IHtmlContent"] = (value, _) => Html(HtmlContent(value)),

        // Data
        ["Microsoft.Data.Analysis.DataFrame"] = DataFrame,
        ["Microsoft.Data.Analysis.DataFrameColumn"] = (value, reader) =>
            reader.ReadSequence((IEnumerable)value, ObjectShape.Of(value.GetType())),
        ["Microsoft.ML.IDataView"] = DataView,
        ["Microsoft.ML.Data.ConfusionMatrix"] = ConfusionMatrix,
        ["Microsoft.ML.Data.VBuffer`1"] = (value, reader) =>
            reader.ReadNested(((IEnumerable)Call(value, "DenseValues")!).Cast<object>().ToArray()),
        ["System.Numerics.Tensors.Tensor`1"] = Tensor,
        ["MathNet.Numerics.LinearAlgebra.Matrix`1"] = (value, reader) => reader.ReadNested(Call(value, "ToArray")),
        ["MathNet.Numerics.LinearAlgebra.Vector`1"] = (value, reader) => reader.ReadNested(Call(value, "ToArray")),

        // Images and charts
        ["SkiaSharp.SKBitmap"] = (value, _) => Skia(value),
        ["SkiaSharp.SKImage"] = (value, _) => Skia(value),
        ["SkiaSharp.SKSurface"] = (value, _) => Skia(Call(value, "Snapshot")!),
        ["System.Drawing.Image"] = (value, _) =>
            Png(Saved(stream => Call(value, "Save", stream,
                Find(value, "System.Drawing.Imaging.ImageFormat").GetProperty("Png")!.GetValue(null)))),
        ["SixLabors.ImageSharp.Image"] = (value, _) =>
            Png(Saved(stream => Call(value, "Save", stream,
                Activator.CreateInstance(Find(value, "SixLabors.ImageSharp.Formats.Png.PngEncoder"))))),
        ["ScottPlot.Plot"] = (value, _) =>
            Png((byte[])Call(value, "GetImageBytes", ChartWidth, ChartHeight, Enum.Parse(Find(value, "ScottPlot.ImageFormat"), "Png"))!),
        ["ScottPlot.IMultiplot"] = (value, _) =>
            Png((byte[])Call(Extension(value, "Render", ChartWidth, 2 * ChartHeight)!, "GetImageBytes",
                Enum.Parse(Find(value, "ScottPlot.ImageFormat"), "Png"), 100)!),
        ["OxyPlot.PlotModel"] = (value, _) => new DisplayTree.Bundle(Image.OfSvg(OxyPlot(value)).ToMimeBundle()),
        ["Plotly.NET.GenericChart"] = (value, _) => PlotlyNet(value),
        ["Plotly.NET.GenericChart+GenericChart"] = (value, _) => PlotlyNet(value),
        ["XPlot.Plotly.PlotlyChart"] = (value, _) => Page(value, (string)Call(value, "GetHtml")!),
    };

    /// <summary>Returns the function that reads values of a type; null if values are read by their members or items.</summary>
    internal static Func<object, DisplayTreeReader, DisplayTree>? ReaderOf(Type type, Type[] interfaces)
    {
        if (Forms(type) is { } forms) return (value, _) => new DisplayTree.Bundle(DisplayBundles.WithPlainText(forms(value), value));
        for (var at = type; at is not null && at != typeof(object); at = at.BaseType)
        {
            if (Readers.TryGetValue(NameOf(at), out var reader)) return reader;
        }
        foreach (var at in interfaces)
        {
            if (Readers.TryGetValue(NameOf(at), out var reader)) return reader;
        }
        return FormatterSources.Of(type) is { } source
            ? (value, _) => new DisplayTree.Bundle(DisplayBundles.WithPlainText(source(value), value))
            : null;
    }

    /// <summary>Returns the number of rows of a value whose rows can be read again by index; null for other values.</summary>
    internal static int? RowsOf(object value)
    {
        for (var type = value.GetType(); type is not null; type = type.BaseType)
        {
            switch (NameOf(type))
            {
                case "System.Data.DataTable": return ((DataTable)value).DefaultView.Count;
                case "System.Data.DataView": return ((DataView)value).Count;
                case "Microsoft.Data.Analysis.DataFrame": return (int)Math.Min(int.MaxValue, (long)Get(Get(value, "Rows")!, "Count")!);
            }
        }
        return null;
    }

    private static string NameOf(Type type) => (type.IsGenericType ? type.GetGenericTypeDefinition() : type).FullName ?? "";

    /// <summary>
    /// Returns the function that creates the MIME bundle which a type declares by <see cref="DisplayFormAttribute"/> or a ToMimeBundle
    /// method.
    /// </summary>
    private static Func<object, MimeBundle>? Forms(Type type)
    {
        if (type.GetCustomAttributes<DisplayFormAttribute>(inherit: true).ToArray() is { Length: > 0 } attributes)
        {
            return value =>
                new MimeBundle(attributes.Select(form => KeyValuePair.Create(form.MimeType, Form(form.MimeType, Get(value, form.Member)))));
        }
        return type.GetMethod("ToMimeBundle", Type.EmptyTypes) is { ReturnType: var returned } method
            && typeof(IEnumerable).IsAssignableFrom(returned)
            ? value =>
                new MimeBundle(Pairs((IEnumerable)method.Invoke(value, BindingFlags.DoNotWrapExceptions, null, null, null)!).Select(
                    form => KeyValuePair.Create((string)form.Key!, Form((string)form.Key!, form.Value))))
            : null;
    }

    private static object Form(string mimeType, object? form) => form switch
    {
        string text when JsonValues.IsJson(mimeType) => JsonValues.Parse(text),
        string or byte[] or JsonNode => form,
        null => "",
        _ when JsonValues.IsJson(mimeType) => JsonValues.Of(form),
        _ => form.ToString() ?? "",
    };

    /// <summary>
    /// Describes an asynchronous sequence without its items, because only the cell can await them. If it is also enumerable, like a
    /// database query, its items are shown.
    /// </summary>
    private static DisplayTree AsyncSequence(object value, DisplayTreeReader reader)
    {
        if (value is IEnumerable items) return reader.ReadSequence(items, ObjectShape.Of(value.GetType()));
        var type = value.GetType().GetInterfaces().First(at => NameOf(at) == "System.Collections.Generic.IAsyncEnumerable`1");
        return new DisplayTree.Text(
            $"{TypeNames.Of(type)}: read its items with await foreach (var item in …), or all at once with await ….ToListAsync()",
            TextKind.Note);
    }

    private static DisplayTree.Entry Group(object value, DisplayTreeReader reader)
    {
        var (keyNames, itemNames) = reader.TakeEntryNames();
        return new(reader.ReadNested(Get(value, "Key"), keyNames),
            reader.ReadSequence((IEnumerable)value, ObjectShape.Of(value.GetType()), itemNames));
    }

    private static IEnumerable<(object? Key, object? Value)> Pairs(IEnumerable dictionary)
    {
        foreach (var pair in dictionary)
            yield return pair is DictionaryEntry entry ? (entry.Key, entry.Value) : (Get(pair, "Key"), Get(pair, "Value"));
    }

    private static DisplayTree.Table Table(DataView view, DisplayTreeReader reader)
    {
        var columns = view.Table?.Columns.Cast<DataColumn>().ToList() ?? [];
        return new("", [.. columns.Select(column => new DisplayTree.Column(column.ColumnName, TypeNames.Of(column.DataType)))],
            Rows(view.Count, reader, i => columns.Select(column => view[i][column.Ordinal])), Rest(view.Count, reader));
    }

    private static DisplayTree.Table Table(IDataReader data, DisplayTreeReader reader)
    {
        var columns = Enumerable.Range(0, data.FieldCount).ToList();
        var rows = new List<DisplayTree.Row>();
        var isMore = false;
        while (data.Read())
        {
            if (rows.Count == reader.ListLimit)
            {
                isMore = true;
                break;
            }
            rows.Add(new(TableLayout.Index(rows.Count), [.. columns.Select(i => reader.ReadNested(data.GetValue(i)))]));
        }
        return new("", [.. columns.Select(i => new DisplayTree.Column(data.GetName(i), TypeNames.Of(data.GetFieldType(i))))], rows,
            isMore ? DisplayTree.More(null).Line : null);
    }

    // Source: https://learn.microsoft.com/dotnet/api/microsoft.data.analysis.dataframe
    private static DisplayTree.Table DataFrame(object value, DisplayTreeReader reader)
    {
        var columns = ((IEnumerable)Get(value, "Columns")!).Cast<object>().ToList();
        var count = (long)Get(Get(value, "Rows")!, "Count")!;
        var items = columns.ConvertAll(column => column.GetType().GetProperties().First(property => property.Name == "Item"
            && property.GetIndexParameters() is [{ ParameterType: var index }] && index == typeof(long)));
        return new(
            "",
            [.. columns.Select(column =>
                new DisplayTree.Column((string)Get(column, "Name")!, TypeNames.Of((Type)Get(column, "DataType")!)))],
            Rows(count, reader, row => columns.Select((column, i) => items[i].GetValue(column, [(long)row]))), Rest(count, reader));
    }

    // Source: https://learn.microsoft.com/dotnet/api/microsoft.ml.idataview
    private static DisplayTree.Table DataView(object value, DisplayTreeReader reader)
    {
        var preview = Find(value, "Microsoft.ML.DebuggerExtensions").GetMethods()
            .First(method => method.Name == "Preview" && method.GetParameters() is [{ ParameterType.Name: "IDataView" }, ..]);
        var rows = ((IEnumerable)Get(preview.Invoke(null, [value, reader.ListLimit])!, "RowView")!).Cast<object>()
            .Select(row => Pairs((IEnumerable)Get(row, "Values")!).ToList()).ToList();
        var columns = ((IEnumerable)Get(value, "Schema")!).Cast<object>().Where(column => !(bool)Get(column, "IsHidden")!).ToList();
        var count = value.GetType().GetMethod("GetRowCount", Type.EmptyTypes)?.Invoke(value, null) as long?;
        return new("", [.. columns.Select(column => new DisplayTree.Column((string)Get(column, "Name")!, Get(column, "Type")!.ToString()))],
            Rows(rows.Count, reader,
                i => columns.Select(column => rows[i].FirstOrDefault(cell => (string)cell.Key! == (string)Get(column, "Name")!).Value)),
            count is { } known ? Rest(known, reader) : rows.Count == reader.ListLimit ? DisplayTree.More(null).Line : null);
    }

    // One row per actual class, one column per predicted class. The names of the classes are not public.
    // Source: https://learn.microsoft.com/dotnet/api/microsoft.ml.data.confusionmatrix
    private static DisplayTree.Table ConfusionMatrix(object value, DisplayTreeReader reader)
    {
        var counts = ((IEnumerable)Get(value, "Counts")!).Cast<IReadOnlyList<double>>().ToList();
        var field = value.GetType().GetField("PredictedClassesIndicators", BindingFlags.NonPublic | BindingFlags.Instance);
        var known = (field?.GetValue(value) as IEnumerable)?.Cast<object>().Select(name => name.ToString()!).ToList();
        var names = known?.Count == counts.Count ? known : [.. counts.Select((_, i) => i.ToString(CultureInfo.InvariantCulture))];
        var (precision, recall) = ((IReadOnlyList<double>)Get(value, "PerClassPrecision")!,
            (IReadOnlyList<double>)Get(value, "PerClassRecall")!);
        var rows = counts.Select((row, i) => new DisplayTree.Row(new DisplayTree.Text(names[i]),
            [.. row.Select(count => reader.ReadNested(count)), Share(recall[i])]));
        return new("truth \\ predicted", [.. names.Select(name => new DisplayTree.Column(name, null)), new("recall", null)],
            [.. rows, new(new DisplayTree.Text("precision"), [.. precision.Select(Share), null])], null);

        static DisplayTree Share(double share) =>
            new DisplayTree.Text(share.ToString("0.####", CultureInfo.InvariantCulture), TextKind.Number);
    }

    private static List<DisplayTree.Row> Rows(long count, DisplayTreeReader reader, Func<int, IEnumerable<object?>> cells) =>
        [.. reader.RowsOf(count).Select(i => new DisplayTree.Row(TableLayout.Index(i), [.. cells(i).Select(reader.ReadNested)]))];

    private static string? Rest(long count, DisplayTreeReader reader) =>
        count > reader.ListLimit ? DisplayTree.More((int)Math.Min(int.MaxValue, count - Math.Max(0, reader.ListLimit))).Line : null;

    private static DisplayTree.Object StreamOf(Stream stream, DisplayTreeReader reader) =>
        new(TypeNames.Of(stream.GetType()), stream.CanSeek
        ? [new("Length", null, reader.ReadNested(stream.Length)), new("Position", null, reader.ReadNested(stream.Position))]
        : [new("CanRead", null, reader.ReadNested(stream.CanRead)), new("CanWrite", null, reader.ReadNested(stream.CanWrite))]);

    private static string Signature(MethodBase method) =>
        $"{(method is MethodInfo { ReturnType: var type } ? TypeNames.Of(type) + " " : "")}{OwnerAndName(method)}"
        + (method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(TypeNames.Of))}>" : "")
        + $"({string.Join(", ", method.GetParameters().Select(parameter => $"{TypeNames.Of(parameter.ParameterType)} {parameter.Name}"))})";

    /// <summary>Returns the name of a method in C#; for generated methods, the name of the local function or "lambda".</summary>
    private static string OwnerAndName(MethodBase method)
    {
        if (method.IsConstructor) return TypeNames.Of(method.DeclaringType);
        if (method.Name.StartsWith('<'))
            return method.Name.IndexOf(">g__", StringComparison.Ordinal) is var at and > 0
                ? method.Name[(at + 4)..].Split('|')[0]
                : "lambda";
        return method.DeclaringType is { } owner && owner.Name.StartsWith('<')
            ? "cell"
            : string.Join('.', new[] { TypeNames.Of(method.DeclaringType), method.Name }.Where(name => name.Length > 0));
    }

    /// <summary>Returns XML as a collapsible tree and as text.</summary>
    private static DisplayTree.Bundle Xml(XElement root) =>
        new(MimeBundle.Of("text/html", $"<div style=\"font-family:monospace\">{XmlTree.Of(root)}</div>", CutText.Of(root.ToString())));

    /// <summary>Returns JSON as a tree or, inside another value, on one line.</summary>
    private static DisplayTree Json(string json, DisplayTreeReader reader) =>
        reader.IsNested ? new DisplayTree.Text(CutText.Of(json)) : new DisplayTree.Bundle(DisplayBundles.OfJson(JsonValues.Parse(json)));

    private static string HtmlContent(object value)
    {
        var writer = new StringWriter(CultureInfo.InvariantCulture);
        Call(value, "WriteTo", writer, HtmlEncoder.Default);
        return writer.ToString();
    }

    private static DisplayTree.Bundle Html(string html) => new(HtmlText.BundleOf(html));

    private static DisplayTree.Bundle Png(byte[] image) => new(new Image(image, "image/png").ToMimeBundle());

    private static byte[] Saved(Action<Stream> save)
    {
        var stream = new MemoryStream();
        save(stream);
        return stream.ToArray();
    }

    private static DisplayTree.Bundle Skia(object image) =>
        Png((byte[])Call(Call(image, "Encode", Enum.Parse(Find(image, "SkiaSharp.SKEncodedImageFormat"), "Png"), 100)!, "ToArray")!);

    /// <summary>Reads a tensor as an array with the same lengths.</summary>
    private static DisplayTree Tensor(object tensor, DisplayTreeReader reader)
    {
        // Spans cannot be boxed, so reflection cannot call a method that returns one.
        var lengths = tensor.GetType().GetProperty("Lengths")!.GetMethod!.CreateDelegate<Func<ReadOnlySpan<nint>>>(tensor)();
        if (lengths.ToArray().Aggregate(1d, (product, length) => product * length) > MaxTensorItems)
            return new DisplayTree.Text(tensor.ToString()!);
        var array = Array.CreateInstance(tensor.GetType().GenericTypeArguments[0], [.. lengths.ToArray().Select(length => (int)length)]);
        var indices = new int[array.Rank];
        foreach (var item in (IEnumerable)tensor)
        {
            array.SetValue(item, indices);
            for (var dimension = array.Rank - 1; dimension >= 0 && ++indices[dimension] == array.GetLength(dimension); dimension--)
                indices[dimension] = 0;
        }

        return reader.ReadNested(array);
    }

    private static string OxyPlot(object model)
    {
        var exporter = Activator.CreateInstance(Find(model, "OxyPlot.SvgExporter"))!;
        exporter.GetType().GetProperty("Width")!.SetValue(exporter, (double)ChartWidth);
        exporter.GetType().GetProperty("Height")!.SetValue(exporter, (double)ChartHeight);
        var svg = (string)Call(exporter, "ExportToString", model)!;
        return svg[Math.Max(0, svg.IndexOf("<svg", StringComparison.Ordinal))..];
    }

    // Source: https://plotly.net/general/display-options.html
    private static DisplayTree.Bundle PlotlyNet(object chart)
    {
        var module = Find(chart, "Plotly.NET.GenericChart");
        if (module.GetMethod("toEmbeddedHTML") is null) module = Find(chart, "Plotly.NET.GenericChartModule");
        var page = Page(chart, (string)module.GetMethod("toEmbeddedHTML")!.Invoke(null, [chart])!);
        return module.GetMethod("toFigureJson")?.Invoke(null, [chart]) is string figure
            ? new(page.Forms.With("application/vnd.plotly.v1+json", JsonValues.Parse(figure)))
            : page;
    }

    /// <summary>Returns the HTML of a library; its plain text is the type name, because text of the HTML would be meaningless.</summary>
    private static DisplayTree.Bundle Page(object value, string html) =>
        new(MimeBundle.Of("text/html", PageScripts.InOrder(html), TypeNames.Of(value.GetType())));

    private static Type Find(object value, string name)
    {
        for (var type = value.GetType(); type is not null; type = type.BaseType)
        {
            if (type.Assembly.GetType(name) is { } found) return found;
        }
        return value.GetType().Assembly.GetReferencedAssemblies().Select(Assembly.Load).Select(assembly => assembly.GetType(name))
            .FirstOrDefault(found => found is not null)
            ?? throw new MissingMemberException(
                $"The type {name} was not found in the assembly of {value.GetType().FullName} or its references: this version of the "
                + "library is not supported.");
    }

    /// <summary>Calls an extension method of any class in the value's own assembly.</summary>
    private static object? Extension(object value, string name, params object[] arguments)
    {
        var method = value.GetType().Assembly.GetExportedTypes().Where(type => type is { IsAbstract: true, IsSealed: true })
            .SelectMany(type => type.GetMethods())
            .FirstOrDefault(
                method => method.Name == name && method.GetParameters() is var parameters && parameters.Length == arguments.Length + 1
                && parameters.Zip(arguments.Prepend(value)).All(pair => pair.First.ParameterType.IsInstanceOfType(pair.Second)))
            ?? throw new MissingMemberException(
                $"{value.GetType().FullName} has no suitable extension method {name}: this version of the library is not supported.");
        return method.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [value, .. arguments], null);
    }

    private static object? Get(object value, string member) =>
        value.GetType().GetProperty(member) is { } property ? property.GetValue(value, BindingFlags.DoNotWrapExceptions, null, null, null)
        : value.GetType().GetField(member) is { } field ? field.GetValue(value)
        : value.GetType().GetMethod(member, Type.EmptyTypes) is { } method
            ? method.Invoke(value, BindingFlags.DoNotWrapExceptions, null, null, null)
        : value.GetType().GetInterfaces().Select(type => type.GetProperty(member))
            .FirstOrDefault(found => found is not null) is { } inherited
            ? inherited.GetValue(value)
        : throw new MissingMemberException(
            $"{value.GetType().FullName} has no member {member}: this version of the library is not supported.");

    private static object? Call(object value, string name, params object?[] arguments)
    {
        var candidates = value.GetType().GetMethods().Concat(value.GetType().GetInterfaces().SelectMany(type => type.GetMethods()))
            .Where(method => method.Name == name && !method.ContainsGenericParameters);
        var method = candidates.FirstOrDefault(method => method.GetParameters() is var parameters && parameters.Length >= arguments.Length
            && parameters.Zip(arguments).All(pair => pair.Second is null ? !pair.First.ParameterType.IsValueType
                : pair.First.ParameterType.IsInstanceOfType(pair.Second))
            && parameters.Skip(arguments.Length).All(parameter => parameter.IsOptional))
            ?? throw new MissingMemberException(
                $"{value.GetType().FullName} has no suitable method {name}: this version of the library is not supported.");
        return method.Invoke(value, BindingFlags.DoNotWrapExceptions, null,
            [.. arguments, .. Enumerable.Repeat(Type.Missing, method.GetParameters().Length - arguments.Length)], null);
    }
}
