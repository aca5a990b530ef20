using System.Diagnostics;

namespace JupyterKernel.Sockets;

/// <summary>
/// Keeps kernel_info requests whose idle status the client may have missed. A front end connects to iopub and shell at the same time, sends
/// the request, and waits for the reply and idle (JupyterLab indefinitely or for three seconds). It does not receive what is published
/// before its subscription arrives, so the idle status is published again after each new subscription. Loop thread.
/// Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#kernel-status
/// </summary>
internal sealed class LateSubscribers
{
    /// <summary>The maximum time from a request to the arrival of the client's subscription.</summary>
    private static readonly TimeSpan SubscriptionTimeout = TimeSpan.FromSeconds(10);

    /// <summary>The maximum number of clients that are remembered.</summary>
    private const int MaxClients = 20;

    private readonly List<Request> answered = [];

    /// <summary>Adds a request that has been answered.</summary>
    public void Answered(Request request)
    {
        if (request.Type != "kernel_info_request") return;
        answered.RemoveAll(earlier => earlier.Client == request.Client && earlier.IsControl == request.IsControl);
        if (answered.Count == MaxClients) answered.RemoveAt(0);
        answered.Add(request);
    }

    /// <summary>Returns the requests whose idle status is published again for a new subscriber.</summary>
    public IEnumerable<Request> Unaware()
    {
        answered.RemoveAll(request => Stopwatch.GetElapsedTime(request.ReceivedAt) > SubscriptionTimeout);
        return answered;
    }
}
