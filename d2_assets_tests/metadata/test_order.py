"""What is needed comes before what needs it, for any graph and any part of it."""

from hypothesis import given
from hypothesis import strategies as st

from d2_assets.metadata.order import find_components

_NODES = st.integers(0, 12)
_GRAPHS = st.dictionaries(_NODES, st.sets(_NODES))


def test_what_is_needed_comes_first() -> None:
    graph = {"stage": ["program", "element"], "program": ["type"], "element": [], "type": []}
    assert find_components(graph) == [["element"], ["type"], ["program"], ["stage"]]


def test_a_circle_is_one_component() -> None:
    graph = {"action": ["rule"], "rule": ["action", "program"], "program": []}
    assert find_components(graph) == [["program"], ["action", "rule"]]


def test_needs_that_are_not_in_the_graph_are_passed_over() -> None:
    assert find_components({"element": ["combo"]}) == [["element"]]


def test_a_chain_may_be_long() -> None:
    graph = {place: [place + 1] for place in range(20_000)}
    assert find_components(graph)[0] == [19_999]


@given(_GRAPHS)
def test_every_node_is_in_one_component(graph: dict[int, set[int]]) -> None:
    found = [node for component in find_components(graph) for node in component]
    assert sorted(found) == sorted(graph)


@given(_GRAPHS, st.sets(_NODES))
def test_the_order_is_topological_for_any_subset(
    graph: dict[int, set[int]], part: set[int]
) -> None:
    subset = {node: graph[node] for node in graph if node in part}
    components = find_components(subset)
    place = {node: at for at, component in enumerate(components) for node in component}
    for node, needs in subset.items():
        assert all(place[need] <= place[node] for need in needs & subset.keys())


@given(_GRAPHS)
def test_a_component_holds_just_what_is_in_circles_with_each_other(
    graph: dict[int, set[int]],
) -> None:
    together = {
        frozenset(other for other in graph if _reaches(graph, node, other, node)) | {node}
        for node in graph
    }
    assert {frozenset(component) for component in find_components(graph)} == together


def _reaches(graph: dict[int, set[int]], node: int, other: int, back: int) -> bool:
    """Whether a way leads from the one to the other and from there back."""
    return other in _reach(graph, node) and back in _reach(graph, other)


def _reach(graph: dict[int, set[int]], start: int) -> set[int]:
    reached, waiting = set[int](), [start]
    while waiting:
        for need in graph[waiting.pop()] & graph.keys():
            if need not in reached:
                reached.add(need)
                waiting.append(need)
    return reached
