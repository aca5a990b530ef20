using Microsoft.DotNet.Interactive.Formatting;

namespace Microsoft.DotNet.Interactive;

/// <summary>Notifies all subscribers. Any thread.</summary>
internal sealed class Broadcast<T> : IObservable<T>
{
    private Action<T>? notify;

    public IDisposable Subscribe(IObserver<T> observer) => Subscribe(observer.OnNext);

    public IDisposable Subscribe(Action<T> onNext)
    {
        notify += onNext;
        return new Subscription(() => notify -= onNext);
    }

    public void Next(T value) => notify?.Invoke(value);
}
