"""Tests declarations that a script cannot contain, and their redeclaration in a session."""
from test_recycle import Recycle


class Redefinition(Recycle):
    settings = {"JUPYTER_CSHARP_NOTICES": "on"}

    def test_a_namespace_is_available_to_later_cells_and_after_a_crash(self):
        self.run_cell("namespace Shapes { record Circle(double R); public static class Made { public static int Count; } }")
        self.run_cell("using Shapes;\nvar circle = new Circle(2); Made.Count = 7;")
        show = '$"{circle} {Made.Count}"'
        self.assertEqual(self.run_cell(show).result, "Circle { R = 2 } 7")
        self.crash()
        self.assertEqual(self.run_cell(show).result, "Circle { R = 2 } 7")

    def test_a_librarys_static_fields_are_carried_over(self):
        self.run_cell("namespace Counted { public static class Counter { public static int Value = Random.Shared.Next(); } }")
        before = self.run_cell("Counted.Counter.Value").result
        self.run_cell("#!recycle")
        self.assertEqual(self.run_cell("Counted.Counter.Value").result, before)

    def test_a_namespace_that_is_run_again_unchanged_changes_nothing(self):
        cell = "namespace Same { public static class Counter { public static int Count; } }"
        self.run_cell(cell)
        self.run_cell("Same.Counter.Count = 5;")
        worker = self.worker().pid
        self.run_cell(cell)
        self.assertEqual(self.run_cell("Same.Counter.Count").result, "5")
        self.assertEqual(self.worker().pid, worker)

    def test_a_type_of_a_script_that_is_run_again_unchanged_stays_the_same_type(self):
        cell = "record Point2(int X);\nclass Holder2 { public Point2 Inner; public static readonly int Start = 3; }"
        self.run_cell(cell)
        self.run_cell("var point2 = new Point2(1); var holder2 = new Holder2(); int Of2(Point2 p) => p.X;")
        self.run_cell("record Other2(int Y);")
        self.run_cell(cell)
        self.run_cell(cell + "\nvar later2 = new Point2(5);")
        self.run_cell("holder2.Inner = later2; Point2 same2 = point2;")
        show = "Of2(holder2.Inner) + Of2(same2) + Of2(new Point2(10))"
        self.assertEqual(self.run_cell(show).result, "16")
        self.crash()
        self.assertEqual(self.run_cell(show).result, "16")
        self.run_cell("#!recycle")
        self.run_cell(cell)
        self.run_cell("#!undo")
        self.assertEqual(self.run_cell(show).result, "16")
        self.run_cell("record Point2(int X, int Z = 0);")
        self.assertIn("Of2 was compiled with the older one", self.run_failing_cell("Of2(new Point2(1))").traceback)

    def test_a_redeclared_type_in_a_namespace_is_another_for_all_cells(self):
        self.run_cell("namespace A { public class X { public int V => 1; } public class Other { public int W => 3; } }")
        self.run_cell("var x = new A.X(); int Of(A.X x) => x.V;")
        self.run_cell("var list = new List<int> { x.V };")
        self.run_cell("namespace A { public class X { public int V => 2; } }\nlist.Add(new A.X().V);")
        self.assertIn("X was redeclared: 3 earlier cells were recompiled", self.notices())
        show = '$"{x.V} {Of(x)} {string.Join(",", list)} {new A.Other().W}"'
        self.assertEqual(self.run_cell(show).result, "2 2 2,2 3")
        self.crash()
        self.assertEqual(self.run_cell(show).result, "2 2 2,2 3")
        self.run_cell("namespace A { public class X { public int V => 9; } }")
        self.assertEqual(self.run_cell(show).result, "9 9 9,9 3")

    def test_cells_that_do_not_compile_with_the_new_declaration_are_named(self):
        self.run_cell("namespace A { public class X { public int Old => 1; } }")
        self.run_cell("var old = new A.X().Old;")
        self.run_cell("var kept = 5;")
        self.run_cell("namespace A { public class X { public int New => 2; } }")
        self.assertIn("This cell no longer compiles and was not replayed: Cell [2] (old). Correct it and run it again.", self.notices())
        self.assertEqual(self.run_cell("kept + new A.X().New").result, "7")
        self.assertIn("CS0103", self.run_failing_cell("old").traceback)

    def test_an_extension_block_extends_a_type_of_an_earlier_cell(self):
        self.run_cell("record Point(int X, int Y);\nvar point = new Point(3, 4);")
        self.run_cell("static class Lengths { extension(Point p) { public double Length => Math.Sqrt(p.X * p.X + p.Y * p.Y); } }")
        self.assertEqual(self.run_cell("point.Length").result, "5")
        self.run_cell("static class Lengths { extension(Point p) { public double Length => p.X + p.Y; } }")
        self.assertEqual(self.run_cell("point.Length").result, "7")
        self.run_cell("#!recycle")
        self.assertEqual(self.run_cell("point.Length").result, "7")

    def test_a_redeclaration_that_does_not_compile_rebuilds_nothing(self):
        self.run_cell("namespace A { public class X { public int V => 1; } }")
        self.run_cell("var x = new A.X();")
        worker = self.worker().pid
        self.assertIn("CS0103", self.run_failing_cell("namespace A { public class X { public int V => nothing; } }").traceback)
        self.assertIn("CS0103", self.run_failing_cell("namespace A { public class X { public int V => 2; } }\nnothing").traceback)
        self.assertEqual(self.run_cell("x.V").result, "1")
        self.assertEqual(self.worker().pid, worker)

    def test_a_cell_that_is_not_executed_again_keeps_its_values_when_the_session_is_rebuilt(self):
        self.run_cell("namespace A { public class X { public int V => 1; } }")
        self.run_cell("#!replay never\nvar chance = Random.Shared.Next();")
        before = self.run_cell("chance").result
        self.run_cell("namespace A { public class X { public int V => 2; } }")
        self.assertEqual(self.run_cell('$"{chance} {new A.X().V}"').result, before + " 2")

    def test_extension_methods_are_redeclared_without_a_rebuild(self):
        self.run_cell("static class E { public static int Twice(this int i) => i * 2; }")
        worker = self.worker().pid
        self.run_cell("static class E { public static int Twice(this int i) => i * 20; }")
        self.assertEqual(self.run_cell("(3.Twice(), E.Twice(4))").result, "(60, 80)")
        self.assertEqual(self.worker().pid, worker)
