using System.Diagnostics.CodeAnalysis;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace JupyterKernel.Generators;

/// <summary>The build properties that packages expose to their generators, identical for every text.</summary>
internal sealed class BuildProperties : AnalyzerConfigOptionsProvider
{
    private readonly Values values;

    /// <param name="files">The files with lines <c>build_property.Name = value</c>.</param>
    public BuildProperties(IReadOnlyList<string> files) => values = new(files.SelectMany(Lines)
        .Select(line => line.Split('=', 2)).Where(pair => pair.Length == 2)
        .DistinctBy(pair => pair[0].Trim(), AnalyzerConfigOptions.KeyComparer)
        .ToDictionary(pair => pair[0].Trim(), pair => pair[1].Trim(), AnalyzerConfigOptions.KeyComparer));

    /// <inheritdoc/>
    public override AnalyzerConfigOptions GlobalOptions => values;

    /// <inheritdoc/>
    public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => values;

    /// <inheritdoc/>
    public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => values;

    private static IEnumerable<string> Lines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return []; // The generators' defaults apply.
        }
    }

    private sealed class Values(Dictionary<string, string> values) : AnalyzerConfigOptions
    {
        public override bool TryGetValue(string key, [NotNullWhen(true)] out string? value) => values.TryGetValue(key, out value);
    }
}
