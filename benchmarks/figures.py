"""
What is measured. A scenario is a function that takes a started kernel and returns one number for each of its figures;
it gets a fresh kernel every time. To add a figure, write the function and put the decorator over it.
"""

import atexit
import functools
import itertools
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Callable, Optional

from kernel import Answer, Kernel, KernelFailed

SCENARIOS = []


@dataclass(frozen=True)
class Figure:
    name: str
    title: str
    unit: str
    ratio_target: Optional[float] = None
    """At most this many times the peer's value, by the median of the pairs."""
    target: Optional[float] = None
    """At most this value, in the figure's unit, by the median."""
    least: Optional[float] = None
    """At least this value, likewise."""


@dataclass(frozen=True)
class Scenario:
    name: str
    measure: Callable[[Kernel], tuple]
    figures: tuple
    runs: int
    paired: bool
    """Whether the peer is measured too."""


def scenario(*figures: Figure, runs: int, paired: bool = True):
    def register(measure):
        SCENARIOS.append(Scenario(measure.__name__, measure, figures, runs, paired))
        return measure

    return register


@dataclass(frozen=True)
class Cells:
    """The same cells in each kernel's language."""

    print_lines: str
    import_display: str
    display: str
    endless_loop: str
    assignment: str


LINES = 100_000
DISPLAY_CHARACTERS = 50_000_000

CELLS = {
    "C#": Cells(
        print_lines=f"for (var i = 0; i < {LINES}; i++) Console.WriteLine(i);",
        import_display="",
        display=f"display(HTML(new string('x', {DISPLAY_CHARACTERS})))",
        endless_loop='Console.WriteLine("looping"); while (true) { }',
        assignment="var {0} = {1};",
    ),
    "python": Cells(
        print_lines=f"for i in range({LINES}): print(i)",
        import_display="from IPython.display import HTML, display",
        display=f"display(HTML('x' * {DISPLAY_CHARACTERS}))",
        endless_loop="print('looping', flush=True)\nwhile True: pass",
        assignment="{0} = {1}",
    ),
}


def trivial_cell(language: str, number: int) -> str:
    """The cells of a session that only grows: a sum, a new variable, a use of it, a change of it."""
    variable = f"x{number // 4}"
    return (
        "1+1",
        CELLS[language].assignment.format(variable, number),
        f"{variable} + 1",
        f"{variable} += 1" + (";" if language == "C#" else ""),
    )[number % 4]


def settle():
    """Lets what a kernel does in the background after its start come to an end."""
    time.sleep(1)


@scenario(
    Figure("kernel-info", "process start → kernel_info_reply", "ms", ratio_target=0.10),
    Figure("first-result", "process start → first result of `1+1`", "ms", ratio_target=0.45),
    Figure("memory", "memory of all processes after the first result", "MB", target=110),
    Figure("memory-later", "the same 2 s later, with completion loaded and a spare worker", "MB", target=160),
    runs=9,
)
def start(kernel: Kernel) -> tuple:
    memory = kernel.memory_bytes()
    time.sleep(2)
    return kernel.to_kernel_info * 1e3, kernel.to_first_result * 1e3, memory / 1e6, kernel.memory_bytes() / 1e6


def pause():
    """Lets a kernel do what it does while its user thinks."""
    time.sleep(10)


@scenario(
    Figure("warm-cell", "warm `1+1`, execute_request → execute_reply", "ms", ratio_target=1.0),
    Figure("warm-cell-later", "the same after a pause of 10 s", "ms", ratio_target=1.0),
    runs=5,
)
def warm(kernel: Kernel) -> tuple:
    return warm_and_later(lambda number: kernel.execute("1+1"))


@scenario(
    Figure("warm-new-cell", "a warm sum that was not run before (`1+2`, `1+3`, …)", "ms", ratio_target=0.8),
    Figure("warm-new-cell-later", "the same after a pause of 10 s", "ms", ratio_target=1.0),
    runs=5,
)
def warm_new(kernel: Kernel) -> tuple:
    return warm_and_later(lambda number: kernel.execute(f"1+{number + 2}"))


def warm_and_later(execute: Callable[[int], Answer]) -> tuple:
    numbers = itertools.count()

    def typical(cells: int) -> float:
        return median([execute(next(numbers)).to_reply for _ in range(cells)]) * 1e3

    settle()
    typical(50)
    warm = typical(200)
    pause()
    return warm, typical(200)


@scenario(Figure("lines", "100,000 lines of stdout, send → idle", "ms", ratio_target=1.0), runs=7)
def stdout(kernel: Kernel) -> tuple:
    settle()
    answer = kernel.execute(CELLS[kernel.language].print_lines)
    printed = answer.text().split()
    if printed != [str(line) for line in range(LINES)]:
        raise KernelFailed(f"{LINES:,} lines were printed, {len(printed):,} arrived, or not in order")
    return (answer.to_idle * 1e3,)


@scenario(Figure("display", "50 MB of display data, send → idle", "ms", ratio_target=1.2), runs=5)
def display(kernel: Kernel) -> tuple:
    kernel.execute(CELLS[kernel.language].import_display)
    settle()
    answer = kernel.execute(CELLS[kernel.language].display)
    html = answer.only("display_data").content["data"]["text/html"]
    if html != "x" * DISPLAY_CHARACTERS:
        raise KernelFailed(f"{DISPLAY_CHARACTERS:,} characters were displayed, {len(html):,} arrived, or others")
    return (answer.to_idle * 1e3,)


@scenario(Figure("interrupt", "endless loop, interrupt → idle", "ms", target=60), runs=7)
def interrupt(kernel: Kernel) -> tuple:
    settle()
    loop = kernel.begin(CELLS[kernel.language].endless_loop)
    kernel.wait_for_output(loop, "looping")
    time.sleep(0.2)
    interrupted = kernel.interrupt()
    answer = kernel.finish(loop)
    if answer.reply.content["status"] != "error":
        raise KernelFailed(f"the interrupted cell was answered with {answer.reply.content['status']}")
    kernel.execute("1+1")  # fails if the kernel is of no use any more
    return ((answer.outputs[-1].received - interrupted) * 1e3,)


@scenario(Figure("idle", "processor time of all processes while idle, of one core", "%", target=0.5), runs=2, paired=False)
def idle(kernel: Kernel) -> tuple:
    time.sleep(60)  # the spare worker has started, and the runtime has recompiled what runs often
    return (kernel.processor_seconds_while(30) / 30 * 100,)


@scenario(
    Figure("late-cell", "trivial cell, last quarter of 2,000", "ms"),
    Figure("growth", "trivial cell, last quarter of 2,000 / first quarter", "×", target=1.3),
    Figure("kept", "memory kept per cell, from cell 500 to cell 2,000", "KB", target=40),
    runs=3,
)
def session(kernel: Kernel) -> tuple:
    def run(numbers: range) -> float:
        return median(kernel.execute(trivial_cell(kernel.language, number)).to_reply for number in numbers)

    def rested_memory() -> int:
        time.sleep(2)
        return kernel.memory_bytes()

    first_quarter = run(range(500))
    before = rested_memory()
    run(range(500, 1500))
    last_quarter = run(range(1500, 2000))
    kept = (rested_memory() - before) / 1500
    return last_quarter * 1e3, last_quarter / first_quarter, kept / 1e3


def different_cell(number: int) -> str:
    """A cell that was not run before: a sum, a new variable, a use of it, another use."""
    return (
        f"{number} + {number + 1}",
        f"var a{number} = {number};",
        f"a{number - 1} * {number}",
        f'var s{number} = $"{{a{number - 2}}} and {number}";',
    )[number % 4]


@scenario(
    Figure("different-kept", "memory kept per cell of different cells, both processes, from cell 500 to cell 2,000", "KB", target=40),
    Figure("different-memory", "memory of all processes after 2,000 different cells", "MB", target=230),
    runs=3, paired=False)
def different(kernel: Kernel) -> tuple:
    memory = []
    for numbers in (range(500), range(500, 2000)):
        for number in numbers:
            kernel.execute(different_cell(number))
        time.sleep(2)
        memory.append(kernel.memory_bytes())
    return (memory[1] - memory[0]) / 1500 / 1e3, memory[1] / 1e6


@scenario(Figure("first-minute", "processor time of all processes in the idle minute after the first result", "s", target=1.5), runs=2, paired=False)
def first_minute(kernel: Kernel) -> tuple:
    return (kernel.processor_seconds_while(60),)


@scenario(Figure("restart", "shutdown_request of a restart → kernel_info_reply of the next process", "ms", ratio_target=0.25), runs=7)
def restart(kernel: Kernel) -> tuple:
    settle()
    ended = kernel.shut_down()
    with kernel.another() as fresh:
        return ((ended + fresh.to_kernel_info) * 1e3,)


# What an editor asks while somebody types.

EDITOR = {
    "C#": {"comment": "//", "member": "Console.Wr", "first": "WriteLine", "text": 'var text = "some text";', "of_text": "text.", "among": "Substring", "documented": "Console.WriteLine",
           "declaration": "var name{0} = new List<int> {{ {0} }}; int Method{0}(int a) => a + {0}; record Type{0}(int A, string B);"},
    "python": {"comment": "#", "member": "str.spl", "first": "splitlines", "text": "text = 'some text'", "of_text": "text.", "among": "split", "documented": "print",
               "declaration": "name{0} = [{0}]\ndef method{0}(a): return a + {0}\nclass Type{0}:\n    a = 1"},
}


def complete(kernel: Kernel, code: str, expected: str) -> float:
    """Completes at the end of a text; in seconds."""
    answer = kernel.request("complete_request", {"code": code, "cursor_pos": len(code)})
    if not any(match.endswith(expected) for match in answer.reply.content["matches"]):
        raise KernelFailed(f"{code} was not completed to {expected}, but to {answer.reply.content['matches'][:5]}")
    return answer.to_reply


@scenario(
    Figure("completion-first", "the first completion, one second after the process was started", "ms", target=80),
    Figure("completion-memory", "memory of all processes 2.3 s after the start, in addition to that after the first result", "MB", target=90),
    runs=7,
)
def first_completion(kernel: Kernel) -> tuple:
    before = kernel.memory_bytes()
    time.sleep(max(0, 1 - kernel.to_first_result))
    case = EDITOR[kernel.language]
    first = complete(kernel, case["member"], case["first"])
    time.sleep(max(0, 2.3 - 1 - first))
    return first * 1e3, (kernel.memory_bytes() - before) / 1e6


@scenario(
    Figure("completion-member", "`Console.Wr` (`str.spl`), warm", "ms", target=12, ratio_target=1),
    Figure("completion-text", "`text.` of a string, warm", "ms", target=12, ratio_target=1),
    Figure("completion-text-later", "the same after a pause of 10 s", "ms", target=12, ratio_target=1),
    Figure("completion-word", "the next letter of a word", "ms"),
    Figure("completion-running", "`Console.Wr` while an endless loop runs / while none does", "×"),
    Figure("completion-late", "`text.` after 1,000 cells of declarations / after 10", "×", target=1.3),
    Figure("inspection", "tooltip of `Console.WriteLine` (`print`), warm", "ms", target=5),
    runs=3,
)
def editor(kernel: Kernel) -> tuple:
    case = EDITOR[kernel.language]

    asked = itertools.count()

    def typical(code: str, expected: str) -> float:
        """Each time in another cell, so that no earlier answer is of use."""
        return median([complete(kernel, f"{case['comment']} {next(asked)}\n{code}", expected) for _ in range(60)])

    def in_a_word(code: str, expected: str) -> float:
        """Of the second letter, behind a first."""
        first = f"{case['comment']} {next(asked)}\n{code[:-1]}"
        complete(kernel, first, expected)
        return complete(kernel, first + code[-1], expected)

    kernel.execute(case["text"])
    for number in range(10):
        kernel.execute(case["declaration"].format(number))
    settle()
    typical(case["of_text"], case["among"])
    typical(case["member"], case["first"])
    of_text, member = typical(case["of_text"], case["among"]), typical(case["member"], case["first"])
    word = median([in_a_word(case["member"], case["first"]) for _ in range(60)])
    inspect = {"code": case["documented"], "cursor_pos": len(case["documented"]), "detail_level": 0}
    inspection = median([kernel.request("inspect_request", inspect).to_reply for _ in range(60)])
    pause()
    later = typical(case["of_text"], case["among"])
    running = 0.0
    if kernel.language == "C#":  # the peer answers nothing while a cell runs
        loop = kernel.begin(CELLS[kernel.language].endless_loop)
        kernel.wait_for_output(loop, "looping")
        running = typical(case["member"], case["first"]) / member
        kernel.interrupt()
        kernel.finish(loop)
    for number in range(10, 1000):
        kernel.execute(case["declaration"].format(number))
    settle()
    typical(case["of_text"], case["among"])
    return member * 1e3, of_text * 1e3, later * 1e3, word * 1e3, running, typical(case["of_text"], case["among"]) / of_text, inspection * 1e3


# What becomes of a session whose worker ends. The peer has nothing like it.


def mixed_cell(number: int) -> str:
    """Cells of the kinds that notebooks have, each cheap."""
    return (
        f"var x{number} = {number};",
        f"record R{number}(int A, string B); var r{number} = new R{number}({number}, \"b\");",
        f"int F{number}(int n) => n + {number};",
        f"var q{number} = Enumerable.Range(0, 10).Select(n => new {{ n, Square = n * n }}).ToList();",
        f"Func<int> f{number} = () => {number};",
        f"await Task.Yield(); var d{number} = new Dictionary<string, int> {{ [\"a\"] = {number} }};",
        "1+1",
        f"Console.WriteLine({number});",
    )[number % 8]


def time_to_answer_after_crash(kernel: Kernel) -> float:
    """From the sending of a cell that ends the worker to the reply to the next one, which is sent right behind it."""
    time.sleep(3)  # a spare worker stands ready
    crash = kernel.begin('Environment.FailFast("on purpose");')
    after = kernel.begin("1+1")
    lost = kernel.finish(crash)
    if lost.reply.content["status"] != "error":
        raise KernelFailed("the worker did not end")
    answer = kernel.finish(after)
    if answer.reply.content["status"] != "ok":
        raise KernelFailed(f"the cell behind the crash was answered with {answer.reply.content}")
    return (answer.reply.received - lost.reply.received) * 1e3


@scenario(
    Figure("crash", "crash with 100 trivial cells → next cell answers", "ms", target=250),
    runs=5, paired=False)
def crash(kernel: Kernel) -> tuple:
    for number in range(100):
        kernel.execute(trivial_cell("C#", number))
    return (time_to_answer_after_crash(kernel),)


@scenario(
    Figure("crash-mixed", "crash with 1,000 cells of mixed kinds → next cell answers", "ms", target=1000),
    runs=3, paired=False)
def crash_mixed(kernel: Kernel) -> tuple:
    for number in range(1000):
        kernel.execute(mixed_cell(number))
    return (time_to_answer_after_crash(kernel),)


@scenario(
    Figure("recycle-wait", "longest cell while 1,000 trivial cells are replayed in the background", "ms", target=50),
    Figure("replay-rate", "trivial cells replayed per second", "1/s", least=2000),
    runs=3, paired=False)
def recycle(kernel: Kernel) -> tuple:
    for number in range(1000):
        kernel.execute(trivial_cell("C#", number))
    time.sleep(3)
    worker = kernel.execute("Environment.ProcessId").only("execute_result").content["data"]["text/plain"]
    kernel.execute("#!settings recycle-after 1")
    kernel.execute("1+1")
    kernel.execute("#!settings recycle-after 0")
    waits = []
    while kernel.execute("Environment.ProcessId").only("execute_result").content["data"]["text/plain"] == worker:
        for _ in range(5):
            waits.append(kernel.execute(f"1+{len(waits)}").to_reply)
        if len(waits) > 5000:
            raise KernelFailed("no fresh worker took over")
    waits.extend(kernel.execute(f"2+{number}").to_reply for number in range(20))
    time.sleep(3)
    cells = len(kernel.execute("#!history").only("execute_result").content["data"]["text/plain"].splitlines()) - 2
    lost = kernel.finish(kernel.begin("Environment.Exit(1);"))
    answer = kernel.finish(kernel.begin("1+1"))
    return max(waits) * 1e3, cells / (answer.reply.received - lost.reply.received)


@scenario(
    Figure("many-cells", "memory that the kernel alone keeps per cell, 10,000 cells", "KB", target=40),
    Figure("many-slowest", "slowest trivial cell of 10,000, recycles apart / median", "×", target=10),
    Figure("many-worker", "largest worker meanwhile, under a threshold of 300 MB", "MB", target=300),
    runs=1, paired=False)
def many(kernel: Kernel) -> tuple:
    def kernel_bytes() -> int:
        time.sleep(3)
        return kernel.processes()[0].memory_full_info().pss

    def run(numbers: range):
        for number in numbers:
            times.append(kernel.execute(trivial_cell("C#", number)).to_reply)
            if number % 50 == 0:
                workers.extend(kernel.worker_bytes())

    kernel.execute("#!settings memory-threshold 300MB")
    times, workers = [], []
    run(range(500))
    before = kernel_bytes()
    run(range(500, 10_000))
    kept = (kernel_bytes() - before) / 9500
    # A cell that a hand-over held back is one in a thousand; the first cells meet a cold compiler.
    slowest = sorted(times[50:])[-10 - 1]
    return kept / 1e3, slowest / median(times), max(workers) / 1e6


@scenario(
    Figure("leak", "memory that the kernel alone keeps per leaking cell, 2,000 runs under 300 MB", "KB", target=40),
    runs=1, paired=False)
def leak(kernel: Kernel) -> tuple:
    kernel.execute("#!settings memory-threshold 300MB")
    kernel.execute("static class Leak { public static readonly List<byte[]> Held = new(); } var count = 0;")
    kernel.execute("count++;")
    before = kernel.processes()[0].memory_full_info().pss
    for number in range(2000):
        kernel.execute(f"Leak.Held.Add(new byte[1_000_000]); count++; // {number}")
    time.sleep(3)
    kept = (kernel.processes()[0].memory_full_info().pss - before) / 2000
    text = kernel.execute('$"{count} {Leak.Held.Count}"').only("execute_result").content["data"]["text/plain"]
    if text != "2001 2000":
        raise KernelFailed(f"the state is {text}")
    return (kept / 1e3,)


# What compiling costs, and how fast what was compiled runs.


def class_of_ten_members(number: int) -> str:
    return f"""public class Account{number} : IComparable<Account{number}>
{{
    private readonly List<decimal> entries = new();
    public string Owner {{ get; init; }} = "";
    public required int Id {{ get; init; }}
    public decimal Balance => entries.Sum();
    public event Action<decimal>? Changed;
    public Account{number}(params decimal[] first) => entries.AddRange(first);
    public void Deposit(decimal amount) {{ entries.Add(amount); Changed?.Invoke(amount); }}
    public bool TryWithdraw(decimal amount) {{ if (amount > Balance) return false; Deposit(-amount); return true; }}
    public int CompareTo(Account{number}? other) => Balance.CompareTo(other?.Balance ?? 0);
    public override string ToString() => $"{{Owner}}: {{Balance:N2}}";
}}"""


def cell_of_300_lines(number: int) -> str:
    """Ten pieces of thirty lines, as people write them: a class, a method, statements that use both."""
    return "\n".join(f"""// Piece {piece}: orders and what they come to.
public class Order{number}_{piece}
{{
    public required string Customer {{ get; init; }}
    public List<(string Product, int Count, decimal Price)> Lines {{ get; }} = new();

    public decimal Total => Lines.Sum(line => line.Count * line.Price);

    public void Add(string product, int count, decimal price)
    {{
        if (count <= 0)
            throw new ArgumentOutOfRangeException(nameof(count));
        Lines.Add((product, count, price));
    }}
}}

string Describe{piece}(Order{number}_{piece} order) => order.Total switch
{{
    0 => "nothing",
    < 100 => "little",
    _ => $"much: {{order.Total:N2}}",
}};

var order{piece} = new Order{number}_{piece} {{ Customer = "Ada" }};
for (var i = 1; i <= 5; i++)
{{
    order{piece}.Add($"product {{i}}", i, 9.99m * i);
}}

var text{piece} = order{piece}.Customer + ": " + Describe{piece}(order{piece});""" for piece in range(10))


@scenario(
    Figure("class", "declaring a class with ten members, warm, execute_request → execute_reply", "ms", target=12),
    Figure("300-lines", "a cell of 300 lines, warm, likewise", "ms", target=60),
    runs=5, paired=False)
def compiling(kernel: Kernel) -> tuple:
    time.sleep(8)  # a user who writes the next cell
    classes = [kernel.execute(class_of_ten_members(number)).to_reply for number in range(100)]
    cells = [kernel.execute(cell_of_300_lines(number)).to_reply for number in range(30)]
    return median(classes[50:]) * 1e3, median(cells[10:]) * 1e3


# What showing costs.


@scenario(
    Figure("rich-first", "the first table of a session, above a cell that shows a number", "ms", target=60),
    Figure("rich-million", "a sequence of 1,000,000 rows that is shown first thing, likewise", "ms", target=30),
    Figure("rich-100", "a table of 100 rows and 10 columns, warm, likewise", "ms", target=5),
    runs=5, paired=False)
def formatting(kernel: Kernel) -> tuple:
    kernel.execute('var few = new[] { new { A = 1, B = "x" }, new { A = 2, B = "y" } };')
    kernel.execute('var many = Enumerable.Range(0, 1_000_000).Select(n => new { n, Half = n / 2.0, Text = "row " + n }).ToList();')
    kernel.execute("var wide = Enumerable.Range(0, 100).Select(n => new { A = n, B = n, C = n, D = n / 3.0, E = n / 7.0, F = n / 9.0, "
                   'G = "g" + n, H = "h" + n, I = "i" + n, J = DateTime.UnixEpoch.AddDays(n) }).ToList();')
    settle()

    def shown(expression: str, rows: int) -> float:
        answer = kernel.execute(expression)
        if answer.only("execute_result").content["data"]["text/html"].count("<tr><th>") != rows + 1:
            raise KernelFailed(f"{expression} was not shown as a table of {rows} rows")
        return answer.to_reply

    plain = median([kernel.execute(f"{number}").to_reply for number in range(20)])
    first = shown("few", 2) - plain
    million = shown("many", 20) - plain
    kernel.execute("Formatter.ListExpansionLimit = 100;")
    for _ in range(60):
        shown("wide", 100)
    plain = median([kernel.execute(f"{number}").to_reply for number in range(40)])
    return first * 1e3, million * 1e3, (median([shown("wide", 100) for _ in range(40)]) - plain) * 1e3


LOOPS = {
    "a sum": "double result = 0; for (var i = 1; i <= 200_000_000; i++) result += 1.0 / i;",
    "a generator": "uint result = 1; for (var i = 0; i < 400_000_000; i++) result = result * 1664525 + 1013904223;",
    "a sieve": "var composite = new bool[30_000_000]; var result = 0; for (var n = 2; n < composite.Length; n++)"
               " { if (composite[n]) continue; result++; for (var m = (long)n * n; m < composite.Length; m += n) composite[m] = true; }",
    "a while": "long result = 0; for (var start = 1; start < 2_000_000; start++) { long n = start, steps = 0;"
               " while (n != 1) { n = n % 2 == 0 ? n / 2 : 3 * n + 1; steps++; } if (steps > result) result = steps; }",
    "a matrix": "const int N = 500; var a = new double[N, N]; var b = new double[N, N]; var c = new double[N, N];"
                " for (var i = 0; i < N; i++) for (var j = 0; j < N; j++) { a[i, j] = i + j; b[i, j] = i - j; }"
                " for (var i = 0; i < N; i++) for (var j = 0; j < N; j++) { var dot = 0.0; for (var k = 0; k < N; k++) dot += a[i, k] * b[k, j]; c[i, j] = dot; }"
                " var result = c[1, 2];",
    "a method": "static int Fibonacci(int n) => n < 2 ? n : Fibonacci(n - 1) + Fibonacci(n - 2); var result = Fibonacci(42);",
}


def timed(loop: str) -> str:
    """The loop, and what prints its time in ms; its result too, since the compiler leaves out what nobody asks for."""
    return f'var clock = System.Diagnostics.Stopwatch.StartNew(); {loop} Console.WriteLine(FormattableString.Invariant($"{{clock.Elapsed.TotalMilliseconds}} {{result}}"));'


@functools.cache
def console_program(loop: str) -> Path:
    """Builds a loop as a program of its own."""
    folder = Path(tempfile.mkdtemp(prefix="kernel-benchmark-program-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "Program.cs").write_text(timed(loop))
    (folder / "Program.csproj").write_text(
        '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework>'
        "<ImplicitUsings>enable</ImplicitUsings></PropertyGroup></Project>")
    built = subprocess.run(["dotnet", "build", folder, "-c", "Release", "-o", folder / "out", "--verbosity", "quiet"], capture_output=True, text=True)
    if built.returncode != 0:
        raise KernelFailed(f"the program does not build: {built.stdout}")
    return folder / "out" / "Program.dll"


@scenario(
    *(Figure(f"loop-{name.split()[-1]}", f"{name} in a loop at the top of a cell / in a Release console program", "×", target=1.05) for name in LOOPS),
    runs=5, paired=False)
def loops(kernel: Kernel) -> tuple:
    settle()
    ratios = []
    for loop in LOOPS.values():
        program = console_program(loop)
        ours, theirs = [], []
        for _ in range(3):
            theirs.append(subprocess.run(["dotnet", program], capture_output=True, text=True, check=True).stdout.split())
            ours.append(kernel.execute(timed(loop)).text().split())
        if {result for _, result in ours} != {result for _, result in theirs}:
            raise KernelFailed(f"the results differ: {ours} {theirs}")
        ratios.append(min(float(time) for time, _ in ours) / min(float(time) for time, _ in theirs))
    return tuple(ratios)


@scenario(
    Figure("package-again", "`#r \"nuget:\"` of a set that was restored before, above an empty cell", "ms", target=60),
    Figure("package-first", "`#r \"nuget:\"` of a new set of packages that the machine has, above `dotnet restore`", "s", target=0.5),
    runs=5, paired=False)
def packages(kernel: Kernel) -> tuple:
    reference = '#r "nuget: Newtonsoft.Json, 13.0.3"'
    with kernel.another() as before:
        before.execute(reference)
    settle()
    empty = median(kernel.execute("").to_reply for _ in range(10))
    again = kernel.execute(reference).to_reply - empty
    with tempfile.TemporaryDirectory(prefix="kernel-benchmark-restore-") as folder:
        Path(folder, "Program.csproj").write_text(
            '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>'
            '<ItemGroup><PackageReference Include="Newtonsoft.Json" Version="13.0.3" /></ItemGroup></Project>')
        began = time.perf_counter()
        subprocess.run(["dotnet", "restore", folder], capture_output=True, check=True)
        theirs = time.perf_counter() - began
    # A property makes it another set.
    ours = kernel.execute(f"#:property Run={time.time_ns()}\n{reference}").to_reply
    return again * 1e3, ours - theirs
