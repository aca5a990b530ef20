using System.Diagnostics;

namespace JupyterKernel.Sockets;

/// <summary>
/// The kernel_info requests whose idle their client may have missed: a front end connects to iopub and to shell at the same time, asks,
/// and waits for reply and idle (JupyterLab, for ever or for three seconds); what is published before its subscription has come is lost
/// to it. So that idle is published again behind each new subscription. Loop thread.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#kernel-status
/// </summary>
internal sealed class LateSubscribers
{
    /// <summary>For how long a subscription may be on its way.</summary>
    private static readonly TimeSpan SubscriptionTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How many clients that come at the same time are thought of.</summary>
    private const int MaxClients = 20;

    private readonly List<Request> answered = [];

    /// <summary>Notes a request that has been answered.</summary>
    public void Answered(Request request)
    {
        if (request.Type != "kernel_info_request") return;
        answered.RemoveAll(earlier => earlier.Client == request.Client && earlier.IsControl == request.IsControl);
        if (answered.Count == MaxClients) answered.RemoveAt(0);
        answered.Add(request);
    }

    /// <summary>The requests whose idle is to be published for whoever has just subscribed.</summary>
    public IEnumerable<Request> Unaware()
    {
        answered.RemoveAll(request => Stopwatch.GetElapsedTime(request.ReceivedAt) > SubscriptionTimeout);
        return answered;
    }
}
