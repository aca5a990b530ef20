using System.Collections.Concurrent;
using JupyterKernel.Display.Tables;
using JupyterKernel.Link;

namespace JupyterKernel.Worker.Channel;

/// <summary>
/// Reads rows of tables while cells run, but only if that runs no user code, so that it does not disturb a cell and always ends. The thread
/// is started by the first query. Channel thread.
/// </summary>
internal sealed class TableThread(KernelChannel channel)
{
    private BlockingCollection<ReadTable>? queries;

    /// <summary>Queues a query.</summary>
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
            channel.Post(
                new TableRead(query.Request) { Payload = VirtualTables.AnswerWithoutCode(query.Payload[0]) is { } answer ? [answer] : [] });
    }
}
