"""What is needed before what needs it, and what can only come together.

Some metadata name each other in a circle: a program and its stages, a rule and its actions. A
circle is one component; components have an order, which holds for any subset of the objects.
"""

from collections.abc import Hashable, Iterable, Mapping
from graphlib import TopologicalSorter
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)

Graph = Mapping[Node, Iterable[Node]]


def find_components(graph: Graph[Node]) -> list[list[Node]]:
    """The nodes in strongly connected components, what is needed before what needs it.

    ``graph`` names for each node what it needs; needs that are no nodes of the graph are passed
    over. Components and the nodes in them come in the graph's own order where nothing else is
    asked for.
    """
    places = {node: place for place, node in enumerate(graph)}
    component_of = _label(graph)
    members: dict[Node, list[Node]] = {}
    for node in graph:
        members.setdefault(component_of[node], []).append(node)
    firsts = {label: nodes[0] for label, nodes in members.items()}
    sorter: TopologicalSorter[Node] = TopologicalSorter(
        {
            firsts[label]: {
                firsts[component_of[need]]
                for node in nodes
                for need in graph[node]
                if need in places and component_of[need] != label
            }
            for label, nodes in members.items()
        }
    )
    by_first = {nodes[0]: nodes for nodes in members.values()}
    return [by_first[first] for first in _sort(sorter, places)]


def _sort(sorter: "TopologicalSorter[Node]", places: Mapping[Node, int]) -> list[Node]:
    ordered: list[Node] = []
    sorter.prepare()
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=places.__getitem__)
        ordered += ready
        sorter.done(*ready)
    return ordered


def _label(graph: Graph[Node]) -> dict[Node, Node]:
    """Of each node the one that stands for its component.

    Tarjan's walk, without recursion: an org unit tree may be as deep as it likes.
    """
    index: dict[Node, int] = {}
    lowest: dict[Node, int] = {}
    label: dict[Node, Node] = {}
    open_nodes: list[Node] = []
    for root in graph:
        if root in index:
            continue
        walk = [(root, iter(_enter(root, graph, index, lowest, open_nodes)))]
        while walk:
            node, needs = walk[-1]
            for need in needs:
                if need not in index:
                    walk.append((need, iter(_enter(need, graph, index, lowest, open_nodes))))
                    break
                if need not in label:
                    lowest[node] = min(lowest[node], index[need])
            else:
                walk.pop()
                if walk:
                    above = walk[-1][0]
                    lowest[above] = min(lowest[above], lowest[node])
                if lowest[node] == index[node]:
                    _close(node, open_nodes, label)
    return label


def _enter(
    node: Node,
    graph: Graph[Node],
    index: dict[Node, int],
    lowest: dict[Node, int],
    open_nodes: list[Node],
) -> list[Node]:
    index[node] = lowest[node] = len(index)
    open_nodes.append(node)
    return [need for need in graph[node] if need in graph]


def _close(node: Node, open_nodes: list[Node], label: dict[Node, Node]) -> None:
    while True:
        member = open_nodes.pop()
        label[member] = node
        if member == node:
            return
