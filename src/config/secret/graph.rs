use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::config::pointer;

/// Where in a config the secrets are.
///
/// A graph and no list of pointers: secrets may be in every element of a list, in every member of
/// a map, or at any depth of what holds itself.
#[derive(Debug, Clone)]
pub(crate) struct Secrets {
    nodes: Arc<[Node]>,
}

#[derive(Debug, Default, Clone)]
struct Node {
    is_secret: bool,
    edges: Vec<(Edge, usize)>,
    /// Nodes that are at the same place.
    same: Vec<usize>,
    /// Whether there are secrets here or below.
    leads_to_secret: bool,
}

/// What leads from a value to one in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Edge {
    Member(String),
    AnyMember,
    /// Every member but these.
    OtherMember(BTreeSet<String>),
    Item(usize),
    /// Every element from here on.
    ItemFrom(usize),
}

/// A graph in the making.
#[derive(Debug)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
}

impl Graph {
    /// The place of the config as a whole.
    pub(crate) const ROOT: usize = 0;

    pub(crate) fn new() -> Self {
        Self {
            nodes: vec![Node::default()],
        }
    }

    pub(crate) fn node(&mut self) -> usize {
        self.nodes.push(Node::default());
        self.nodes.len() - 1
    }

    pub(crate) fn connect(&mut self, from: usize, edge: Edge, to: usize) {
        self.nodes[from].edges.push((edge, to));
    }

    /// Has `other` be where `node` is.
    pub(crate) fn merge(&mut self, node: usize, other: usize) {
        self.nodes[node].same.push(other);
    }

    pub(crate) fn mark(&mut self, node: usize) {
        self.nodes[node].is_secret = true;
    }

    /// Marks what a pointer leads to; `*` stands for every member or element.
    ///
    /// A field's bare name is taken for a pointer to it: what is meant to be secret must not be
    /// shown for want of a slash.
    pub(crate) fn mark_pointer(&mut self, pointer: &str) {
        let rooted: Cow<'_, str> = match pointer.as_bytes().first() {
            None | Some(b'/') => pointer.into(),
            Some(_) => format!("/{pointer}").into(),
        };
        let mut at = Self::ROOT;
        for segment in pointer::segments(&rooted) {
            let next = self.node();
            match segment.parse() {
                _ if segment == "*" => {
                    self.connect(at, Edge::AnyMember, next);
                    self.connect(at, Edge::ItemFrom(0), next);
                }
                Ok(index) => {
                    self.connect(at, Edge::Item(index), next);
                    self.connect(at, Edge::Member(segment), next);
                }
                Err(_) => self.connect(at, Edge::Member(segment), next),
            }
            at = next;
        }
        self.mark(at);
    }

    pub(crate) fn finish(mut self) -> Secrets {
        loop {
            let leads: Vec<_> = self.nodes.iter().map(|node| self.leads(node)).collect();
            if leads
                .iter()
                .zip(&self.nodes)
                .all(|(leads, node)| *leads == node.leads_to_secret)
            {
                return Secrets {
                    nodes: self.nodes.into(),
                };
            }
            for (node, leads) in self.nodes.iter_mut().zip(leads) {
                node.leads_to_secret = leads;
            }
        }
    }

    fn leads(&self, node: &Node) -> bool {
        let mut next = node
            .edges
            .iter()
            .map(|(_, next)| next)
            .chain(node.same.iter());
        node.is_secret || next.any(|next| self.nodes[*next].leads_to_secret)
    }
}

impl Secrets {
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

/// A place in a config, as far as secrets are concerned.
#[derive(Debug, Clone)]
pub(crate) struct At<'a> {
    secrets: &'a Secrets,
    /// Those that lead to secrets.
    nodes: Vec<usize>,
}

impl<'a> At<'a> {
    fn new(secrets: &'a Secrets, nodes: impl IntoIterator<Item = usize>) -> Self {
        let mut at = Self {
            secrets,
            nodes: Vec::new(),
        };
        let mut left: Vec<_> = nodes.into_iter().collect();
        while let Some(index) = left.pop() {
            let node = &secrets.nodes[index];
            if node.leads_to_secret && !at.nodes.contains(&index) {
                at.nodes.push(index);
                left.extend(&node.same);
            }
        }
        at
    }

    fn step(&self, leads: impl Fn(&Edge) -> bool) -> Self {
        let nodes = self.nodes.iter().map(|index| &self.secrets.nodes[*index]);
        let edges = nodes.flat_map(|node| &node.edges);
        let next = edges.filter(|(edge, _)| leads(edge)).map(|(_, next)| *next);
        Self::new(self.secrets, next)
    }

    /// Whether what is here is a secret as a whole.
    pub(crate) fn is_secret(&self) -> bool {
        self.nodes
            .iter()
            .any(|index| self.secrets.nodes[*index].is_secret)
    }

    /// Whether no secret is here or below.
    pub(crate) fn is_free(&self) -> bool {
        self.nodes.is_empty()
    }

    pub(crate) fn member(&self, name: &str) -> Self {
        self.step(|edge| match edge {
            Edge::Member(member) => member == name,
            Edge::AnyMember => true,
            Edge::OtherMember(known) => !known.contains(name),
            Edge::Item(_) | Edge::ItemFrom(_) => false,
        })
    }

    pub(crate) fn item(&self, index: usize) -> Self {
        self.step(|edge| match edge {
            Edge::Item(item) => *item == index,
            Edge::ItemFrom(first) => *first <= index,
            Edge::Member(_) | Edge::AnyMember | Edge::OtherMember(_) => false,
        })
    }

    /// Whatever is in what is here.
    pub(crate) fn below(&self) -> Self {
        self.step(|_| true)
    }

    /// The same for the same place.
    pub(crate) fn key(&self) -> Vec<usize> {
        let mut key = self.nodes.clone();
        key.sort_unstable();
        key
    }

    /// Where a pointer's segment leads to, in whichever kind of value.
    pub(crate) fn segment(&self, segment: &str) -> Self {
        let mut next = self.member(segment);
        if let Ok(index) = segment.parse() {
            next.nodes.extend(self.item(index).nodes);
        }
        next
    }

    /// Calls `see` with every secret of `value`.
    pub(crate) fn each<'v>(&self, value: &'v Value, see: &mut impl FnMut(&'v Value)) {
        if self.is_secret() {
            return see(value);
        }
        match value {
            _ if self.is_free() => {}
            Value::Object(members) => members
                .iter()
                .for_each(|(name, value)| self.member(name).each(value, see)),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .for_each(|(index, value)| self.item(index).each(value, see)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
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
