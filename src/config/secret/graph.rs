use std::borrow::Cow;
use std::collections::BTreeSet;

use super::Secrets;
use crate::config::pointer;

#[derive(Debug, Default, Clone)]
pub(super) struct Node {
    pub(super) is_secret: bool,
    pub(super) edges: Vec<(Edge, usize)>,
    /// Nodes that are at the same place.
    pub(super) same: Vec<usize>,
    /// Whether there are secrets here or below.
    pub(super) leads_to_secret: bool,
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
                return Secrets::over(self.nodes);
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
