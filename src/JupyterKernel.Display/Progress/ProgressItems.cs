using System.Collections;

namespace JupyterKernel.Display.Progress;

/// <summary>
/// The items of a sequence with a progress bar. An item counts as done when the next one is requested. Each enumeration has its own bar and
/// enumerates the sequence once.
/// </summary>
internal sealed class ProgressItems<T>(IEnumerable<T> items, string label, long? total) : IEnumerable<T>
{
    public IEnumerator<T> GetEnumerator()
    {
        var count = total ?? ItemCount.Of(items);
        return new Enumerator(items.GetEnumerator(), label, count);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private sealed class Enumerator : IEnumerator<T>
    {
        private readonly IEnumerator<T> source;
        private readonly ProgressRow row;
        private bool hasItem;

        internal Enumerator(IEnumerator<T> source, string label, long? total)
        {
            this.source = source;
            row = ProgressScreen.Begin(this, label, total ?? double.NaN, isLoop: true);
        }

        public T Current => source.Current;

        object? IEnumerator.Current => Current;

        // This is all that the bar costs per item: the drawing thread reads the number.
        public bool MoveNext()
        {
            if (hasItem) row.Done++;
            return (hasItem = source.MoveNext()) || End();
        }

        public void Reset() => throw new NotSupportedException();

        public void Dispose()
        {
            ProgressScreen.Leave(row);
            ProgressScreen.End(row, row.LeftAs);
            source.Dispose();
        }

        private bool End()
        {
            ProgressScreen.End(row, ProgressPhase.Done);
            return false;
        }
    }
}

/// <summary>The same as <see cref="ProgressItems{T}"/> for asynchronous sequences.</summary>
internal sealed class AwaitedProgressItems<T>(IAsyncEnumerable<T> items, string label, long? total) : IAsyncEnumerable<T>
{
    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        var count = total ?? (items as IReadOnlyCollection<T>)?.Count ?? (items as ICollection)?.Count;
        return new AsyncEnumerator(items.GetAsyncEnumerator(cancellationToken), label, count);
    }

    private sealed class AsyncEnumerator : IAsyncEnumerator<T>
    {
        private readonly IAsyncEnumerator<T> source;
        private readonly ProgressRow row;
        private bool hasItem;

        internal AsyncEnumerator(IAsyncEnumerator<T> source, string label, long? total)
        {
            this.source = source;
            row = ProgressScreen.Begin(this, label, total ?? double.NaN, isLoop: true);

            // An interrupt abandons a loop in a task that is not awaited, and its enumerator is not disposed of.
            row.StopWhenInterrupted();
        }

        public T Current => source.Current;

        public ValueTask<bool> MoveNextAsync()
        {
            if (hasItem) row.Done++;
            hasItem = false;
            var next = source.MoveNextAsync();
            return next.IsCompletedSuccessfully ? new ValueTask<bool>(Moved(next.Result)) : Awaited(next);
        }

        // Not async, because changes by an async method to the execution context are undone when it ends.
        public ValueTask DisposeAsync()
        {
            ProgressScreen.Leave(row);
            ProgressScreen.End(row, row.LeftAs);
            return source.DisposeAsync();
        }

        private async ValueTask<bool> Awaited(ValueTask<bool> next) => Moved(await next.ConfigureAwait(false));

        private bool Moved(bool hasMoved)
        {
            hasItem = hasMoved;
            if (!hasMoved) ProgressScreen.End(row, ProgressPhase.Done);
            return hasMoved;
        }
    }
}

/// <summary>Finds the number of items of a sequence, if it is known without enumeration.</summary>
internal static class ItemCount
{
    internal static long? Of<T>(IEnumerable<T> items) =>
        items.TryGetNonEnumeratedCount(out var count) ? count : (items as IReadOnlyCollection<T>)?.Count;
}
