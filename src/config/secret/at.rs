use serde_json::Value;

use super::{Edge, Secrets};

/// A place in a config, as far as secrets are concerned.
#[derive(Debug, Clone)]
pub(crate) struct At<'a> {
    secrets: &'a Secrets,
    /// Those that lead to secrets.
    nodes: Vec<usize>,
}

impl<'a> At<'a> {
    pub(super) fn new(secrets: &'a Secrets, nodes: impl IntoIterator<Item = usize>) -> Self {
        let mut at = Self {
            secrets,
            nodes: Vec::new(),
        };
        let mut left: Vec<_> = nodes.into_iter().collect();
        while let Some(index) = left.pop() {
            let node = secrets.node(index);
            if node.leads_to_secret && !at.nodes.contains(&index) {
                at.nodes.push(index);
                left.extend(&node.same);
            }
        }
        at
    }

    fn step(&self, leads: impl Fn(&Edge) -> bool) -> Self {
        let nodes = self.nodes.iter().map(|index| self.secrets.node(*index));
        let edges = nodes.flat_map(|node| &node.edges);
        let next = edges.filter(|(edge, _)| leads(edge)).map(|(_, next)| *next);
        Self::new(self.secrets, next)
    }

    /// Whether what is here is a secret as a whole.
    pub(crate) fn is_secret(&self) -> bool {
        self.nodes
            .iter()
            .any(|index| self.secrets.node(*index).is_secret)
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
