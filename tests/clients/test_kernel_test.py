"""Runs jupyter_kernel_test, the Jupyter project's test suite for kernels."""
import jupyter_kernel_test

from kernels import KERNEL_NAME


class JupyterKernelTest(jupyter_kernel_test.KernelTests):
    kernel_name = KERNEL_NAME
    language_name = "csharp"
    file_extension = ".cs"

    code_hello_world = 'Console.WriteLine("hello, world");'
    code_stderr = 'Console.Error.WriteLine("oops");'

    completion_samples = [
        {"text": "Console.WriteL", "matches": {"WriteLine"}},
        {"text": "Environment.MachineN", "matches": {"MachineName"}},
        {"text": "string.IsNullOr", "matches": {"IsNullOrEmpty", "IsNullOrWhiteSpace"}},
    ]

    complete_code_samples = ["1", "var x = 1;", "int Twice(int n) => 2 * n;", "Console.WriteLine(1)", "if (true) { }"]
    incomplete_code_samples = ["if (true) {", "class Point {", "Console.WriteLine(", 'var s = @"one']
    invalid_code_samples = ["1 + ) 2;", ")", "int 1x = 2;"]

    # C# has no pager: code_page_something stays empty.
    code_generate_error = 'throw new InvalidOperationException("no");'

    code_execute_result = [
        {"code": "6*7", "result": "42"},
        {"code": "new[] { 1, 2, 3 }.Sum()", "result": "6"},
        {"code": "Math.Max(1, 2)", "result": "2"},
    ]
    code_display_data = [
        {"code": 'display(HTML("<b>bold</b>"));', "mime": "text/html"},
        {"code": 'display(Markdown("*lean*"));', "mime": "text/markdown"},
        {"code": "display(42);", "mime": "text/plain"},
    ]

    code_history_pattern = "6?7*"
    supported_history_operations = ("tail", "range", "search")

    code_inspect_sample = "Console.WriteLine"
    code_clear_output = "ClearOutput();"


del jupyter_kernel_test.KernelTests  # otherwise unittest's loader would take the base class for a test
