use std::sync::Arc;

use super::graph::Node;
use super::{At, Graph};
use crate::config::pointer;

/// Where in a config the secrets are.
///
/// A graph and no list of pointers: secrets may be in every element of a list, in every member of
/// a map, or at any depth of what holds itself.
#[derive(Debug, Clone)]
pub(crate) struct Secrets {
    nodes: Arc<[Node]>,
}

impl Secrets {
    pub(super) fn over(nodes: Vec<Node>) -> Self {
        Self {
            nodes: nodes.into(),
        }
    }

    /// Those that pointers lead to.
    #[cfg(test)]
    pub(crate) fn new<S: AsRef<str>>(pointers: impl IntoIterator<Item = S>) -> Self {
        let mut graph = Graph::new();
        for pointer in pointers {
            graph.mark_pointer(pointer.as_ref());
        }
        graph.finish()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.root().is_free()
    }

    pub(super) fn node(&self, index: usize) -> &Node {
        &self.nodes[index]
    }

    /// The config as a whole.
    pub(crate) fn root(&self) -> At<'_> {
        At::new(self, [Graph::ROOT])
    }

    /// Whether `pointer` leads to, into or above a secret.
    pub(crate) fn touches(&self, pointer: &str) -> bool {
        let mut at = self.root();
        for segment in pointer::segments(pointer) {
            if at.is_secret() || at.is_free() {
                break;
            }
            at = at.segment(&segment);
        }
        !at.is_free()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Edge;
    use super::*;

    #[test]
    fn pointer_touches_a_secret_from_both_sides() {
        let secrets = Secrets::new(["/db/password"]);
        for pointer in ["/db/password", "/db/password/0", "/db", ""] {
            assert!(secrets.touches(pointer), "{pointer}");
        }
        for pointer in ["/db/passwords", "/network", "/db/user/password"] {
            assert!(!secrets.touches(pointer), "{pointer}");
        }
    }

    #[test]
    fn star_stands_for_every_element_and_every_member() {
        let secrets = Secrets::new(["/peers/*/key"]);
        for pointer in ["/peers/0/key", "/peers/a~1b/key", "/peers/7", "/peers"] {
            assert!(secrets.touches(pointer), "{pointer}");
        }
        for pointer in ["/peers/0/name", "/key", "/peers/0/0/key"] {
            assert!(!secrets.touches(pointer), "{pointer}");
        }
    }

    #[test]
    fn what_holds_itself_may_hold_secrets_at_any_depth() {
        let mut graph = Graph::new();
        let key = graph.node();
        graph.mark(key);
        graph.connect(Graph::ROOT, Edge::Member("key".to_owned()), key);
        graph.connect(Graph::ROOT, Edge::Member("child".to_owned()), Graph::ROOT);
        let harmless = graph.node();
        graph.connect(Graph::ROOT, Edge::Member("name".to_owned()), harmless);
        let secrets = graph.finish();
        assert!(secrets.touches("/child/child/child/key"));
        assert!(!secrets.touches("/child/name"));
    }

    #[test]
    fn other_members_are_those_that_are_not_named() {
        let mut graph = Graph::new();
        let other = graph.node();
        graph.mark(other);
        let known = ["name".to_owned()].into();
        graph.connect(Graph::ROOT, Edge::OtherMember(known), other);
        let secrets = graph.finish();
        assert!(secrets.touches("/token") && !secrets.touches("/name"));
    }
}
