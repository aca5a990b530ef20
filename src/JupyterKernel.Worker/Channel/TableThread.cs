using System.Collections.Concurrent;
using JupyterKernel.Display.Tables;
using JupyterKernel.Link;

namespace JupyterKernel.Worker.Channel;

/// <summary>
/// Reads rows of tables while cells run: only those whose reading calls nothing of the user's, so that it disturbs no cell and always ends.
/// There is no thread before the first query. Channel thread.
/// </summary>
internal sealed class TableThread(KernelChannel channel)
{
    private BlockingCollection<ReadTable>? queries;

    /// <summary>Answers a query behind those that wait.</summary>
    public void Start(ReadTable query)
    {
        if (queries is null)
        {
            queries = [];
            new Thread(() => Loop(queries)) { IsBackground = true, Name = "tables" }.Start();
        }

        queries.Add(query);
    }

    private void Loop(BlockingCollection<ReadTable> queries)
    {
        foreach (var query in queries.GetConsumingEnumerable())
            channel.Post(new TableRead(query.Request) { Payload = VirtualTables.AnswerWithoutCode(query.Payload[0]) is { } answer ? [answer] : [] });
    }
}
