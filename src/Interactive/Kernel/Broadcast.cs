namespace Microsoft.DotNet.Interactive;

/// <summary>Tells everyone who has subscribed. Any thread.</summary>
internal sealed class Broadcast<T> : IObservable<T>
{
    private Action<T>? told;

    public IDisposable Subscribe(IObserver<T> observer) => Subscribe(observer.OnNext);

    public IDisposable Subscribe(Action<T> tell)
    {
        told += tell;
        return new Subscription(() => told -= tell);
    }

    public void Next(T value) => told?.Invoke(value);

    private sealed class Subscription(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
