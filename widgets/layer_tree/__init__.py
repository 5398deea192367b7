"""The tree of layers: item model, filter, delegate, view and the pane that holds them."""

from widgets.layer_tree.model import LayerTreeModel
from widgets.layer_tree.panel import LayerTreePanel
from widgets.layer_tree.view import LayerTreeView
from widgets.layer_tree.wish import ToggleWish

__all__ = ["LayerTreeModel", "LayerTreePanel", "LayerTreeView", "ToggleWish"]
