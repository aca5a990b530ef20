using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.Loader;
using JupyterKernel.Link;
using JupyterKernel.Worker.State;

namespace JupyterKernel.Worker.Cells;

/// <summary>
/// The calls of the display API whose values contain tuples with named items. The names exist only at compile time, so they are found by
/// the source position of the call. Any thread.
/// </summary>
internal sealed class DisplayCalls
{
    private readonly ConcurrentDictionary<(string Source, int Line, int Column), string> names = [];

    /// <summary>Adds the calls of a cell before the cell runs.</summary>
    public void Add(IReadOnlyList<DisplayedNames> calls)
    {
        foreach (var call in calls) names[(call.Source, call.Line, call.Column)] = call.Names;
    }

    /// <summary>Returns the names for the call that the current thread is in; null if there are none.</summary>
    public string? NamesOfCurrent()
    {
        // A stack trace takes a millisecond, and most sessions have no such calls.
        if (names.IsEmpty) return null;
        foreach (var frame in new StackTrace(fNeedFileInfo: true).GetFrames())
        {
            if (frame.GetFileName() is { } source && frame.GetMethod() is { } method
                && AssemblyLoadContext.GetLoadContext(method.Module.Assembly) is CellLoadContext)
                return names.GetValueOrDefault((source, frame.GetFileLineNumber(), frame.GetFileColumnNumber()));
        }

        return null;
    }
}
