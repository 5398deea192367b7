"""The state of a tree as a few lines of Python: plain Keras, without this program, on a freshly loaded model."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from editor.layers.python_access import graph_layers, quoted
from editor.layers.python_loops import loops_for
from editor.layers.python_plan import (
    Assignment,
    FlagState,
    Target,
    containers_first,
    plan_assignments,
    target_of,
)
from editor.layers.python_rules import Rule, rules_for
from editor.layers.python_statements import Statement, assign, cost_of, text_of
from editor.layers.tree import LayerTree

_START = """\
# Keras passes over a flag that a layer has already, and over all below it: so all off, then all on.
for layer in model._flatten_layers():
    layer.trainable = False
model.trainable = True

"""
_SHORT = 200
"""A program of this cost or less, some four lines, is not searched for a shorter one."""
_MAX_RULES = 3
_UNTRUE_FLAG = 70
"""What one layer costs whose own flag is not what its weights say; nobody needs to count more than two."""
_MAX_UNTRUE = 2


def python_code(tree: LayerTree, *, file_name: str | None = None) -> str:
    """Python that gives a model exactly the flags of a tree, whatever flags it has before.

    Several programs are tried on plain data, and the shortest is taken that sets every flag right.

    Args:
        tree: The state.
        file_name: The file to load the model from; without one the code expects a `model`.
    """
    load = f"\nmodel = keras.saving.load_model({quoted(file_name)}, compile=False)\n" if file_name else ""
    program = text_of(_shortest(tree))
    num_parameters = tree.account(tree.root).trainable.parameters
    imports = "import math\n\nimport keras\n" if load or "keras." in program else "import math\n"
    return (
        f"{imports}{load}\n"
        f"{_START}"
        f"{program}\n"
        f"assert sum(math.prod(weight.shape) for weight in model.trainable_weights) == {num_parameters:_}\n"
        "# Compile the model after this: a model that is compiled already goes on training what it trained before.\n"
    )


def restore_lines(file_name: str) -> str:
    """What to run so that a file loaded by plain Keras has its flags, where Frostline is installed."""
    return (
        "from editor import restore_freeze\n\n"
        f"model = keras.saving.load_model({quoted(file_name)}, compile=False)\n"
        f"restore_freeze(model, {quoted(file_name)})  # then compile\n"
    )


# -- the search -----------------------------------------------------------------------------------------------


def _shortest(tree: LayerTree) -> list[Statement]:
    search = _Search(tree)
    best = search.program(())
    options = list(rules_for(tree, search.target)) if search.cost(best) > _SHORT else []
    rules: tuple[Rule, ...] = ()
    while options and len(rules) < _MAX_RULES:
        programs = {rule: search.program((*rules, rule)) for rule in options}
        rule = min(options, key=lambda rule: search.cost(programs[rule]))
        if search.cost(programs[rule]) >= search.cost(best):
            break
        best = programs[rule]
        rules = (*rules, rule)
        options.remove(rule)
    return best


class _Search:
    """Makes programs for one tree and tries them."""

    def __init__(self, tree: LayerTree) -> None:
        self._tree = tree
        self._layers = containers_first(tree)
        self.target = target_of(tree)

    def program(self, rules: Sequence[Rule]) -> list[Statement]:
        """The shortest right program that leaves to rules what they do; the one without them where they upset it."""
        programs = [self._right_program(start, rules) for start in ((), self._all_frozen())]
        right = [program for program in programs if program is not None]
        return min(right, key=self.cost) if right else self.program(())

    def cost(self, program: Sequence[Statement]) -> float:
        """How long it is to read, and more if flags of layers say something else than their weights (fact F3)."""
        state = self._state_after(program)
        untrue = sum(
            state.layers[layer.record.layer_id] is not (True in self.target.needs(layer))
            for layer in self._layers
            if layer.record.layer_id not in self.target.layers and self.target.needs(layer)
        )
        return cost_of(program) + _UNTRUE_FLAG * min(untrue, _MAX_UNTRUE)

    def _all_frozen(self) -> tuple[Statement, ...]:
        root = self._tree.root
        layers = graph_layers(root) or root.children
        effects = (tuple((Assignment(layer, False),) for layer in layers),)
        return (Statement((("for layer in ", root, ".layers:"),), (("layer.trainable = False",),), effects),)

    def _right_program(self, start: Sequence[Statement], rules: Sequence[Rule]) -> list[Statement] | None:
        """The assignments in loops; one by one where that upsets their order; None if the rules upset it."""
        rest = self._without(rules)
        plan = plan_assignments(self._tree, self._layers, rest, self._state_after(start))
        for statements in (loops_for(plan, rest), [assign(each.node, each.value) for each in plan]):
            program = [*start, *statements, *(rule.statement for rule in rules)]
            if self._is_right(program):
                return program
        return None

    def _without(self, rules: Sequence[Rule]) -> Target:
        if not rules:
            return self.target
        return self.target.without(
            chain.from_iterable(rule.layers for rule in rules), chain.from_iterable(rule.weights for rule in rules)
        )

    def _state_after(self, statements: Sequence[Statement]) -> FlagState:
        state = FlagState(self._tree)
        for statement in statements:
            state.run(statement.assignments)
        return state

    def _is_right(self, program: Sequence[Statement]) -> bool:
        return self.target.is_met(self._state_after(program))
