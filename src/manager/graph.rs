use std::collections::{BTreeMap, BTreeSet};

/// Which plugin depends on which others, by name.
#[derive(Debug, Default)]
pub(super) struct Graph<'a>(BTreeMap<&'a str, &'a [String]>);

impl<'a> Graph<'a> {
    pub(super) fn new(plugins: impl IntoIterator<Item = (&'a str, &'a [String])>) -> Self {
        Self(plugins.into_iter().collect())
    }

    /// The plugins in steps, each after what it depends on: those of a step depend on earlier
    /// ones only. Dependencies that are not in the graph are taken as given.
    ///
    /// # Errors
    ///
    /// A circle, from a plugin back to itself.
    pub(super) fn steps(&self) -> Result<Vec<Vec<&'a str>>, Vec<String>> {
        let (mut left, mut steps) = (self.0.clone(), Vec::new());
        while !left.is_empty() {
            let is_next = |on: &[String]| on.iter().all(|name| !left.contains_key(name.as_str()));
            let step: Vec<&str> = left
                .iter()
                .filter(|(_, on)| is_next(on))
                .map(|(name, _)| *name)
                .collect();
            if step.is_empty() {
                return Err(circle(&left));
            }
            for name in &step {
                left.remove(name);
            }
            steps.push(step);
        }
        Ok(steps)
    }

    /// What `name` depends on, directly or through others.
    pub(super) fn dependencies(&self, name: &str) -> BTreeSet<&'a str> {
        let of = |name: &str| self.0.get(name).copied().unwrap_or_default();
        let mut found = BTreeSet::new();
        let mut left = vec![of(name)];
        while let Some(on) = left.pop() {
            let new = on.iter().filter(|on| found.insert(on.as_str()));
            left.extend(new.map(|on| of(on)));
        }
        found
    }

    /// Who depends on `name`, directly or through others.
    pub(super) fn dependents(&self, name: &str) -> BTreeSet<&'a str> {
        let mut found = BTreeSet::new();
        let mut names = vec![name];
        while let Some(name) = names.pop() {
            for (dependent, on) in &self.0 {
                if on.iter().any(|on| on == name) && found.insert(*dependent) {
                    names.push(dependent);
                }
            }
        }
        found
    }
}

/// A circle among plugins each of which depends on another of them.
fn circle(left: &BTreeMap<&str, &[String]>) -> Vec<String> {
    let mut path: Vec<&str> = Vec::new();
    let mut next = left.keys().next().copied();
    while let Some(name) = next {
        if let Some(start) = path.iter().position(|earlier| *earlier == name) {
            path.push(name);
            return path[start..]
                .iter()
                .map(|name| (*name).to_owned())
                .collect();
        }
        path.push(name);
        let on = left.get(name).copied().unwrap_or_default();
        next = on
            .iter()
            .map(String::as_str)
            .find(|on| left.contains_key(on));
    }
    path.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(plugins: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let plugins: Vec<(&str, Vec<String>)> = plugins
            .iter()
            .map(|(name, on)| (*name, on.split_whitespace().map(str::to_owned).collect()))
            .collect();
        let graph = Graph::new(plugins.iter().map(|(name, on)| (*name, on.as_slice())));
        let steps = graph.steps().map_err(|circle| circle.join(" -> "))?;
        Ok(steps.into_iter().map(|step| step.join(" ")).collect())
    }

    #[test]
    fn each_plugin_comes_after_what_it_depends_on() {
        let told = steps(&[
            ("a", "b c"),
            ("b", "d"),
            ("c", ""),
            ("d", ""),
            ("e", "given"),
        ]);
        assert_eq!(told.unwrap(), ["c d e", "b", "a"]);
    }

    #[test]
    fn circle_is_told_as_a_path_without_those_who_only_lead_to_it() {
        assert_eq!(steps(&[("a", "b"), ("b", "a")]).unwrap_err(), "a -> b -> a");
        assert_eq!(steps(&[("a", "a")]).unwrap_err(), "a -> a");
        let led = steps(&[("a", "c b"), ("b", "d"), ("c", ""), ("d", "e"), ("e", "b")]);
        assert_eq!(led.unwrap_err(), "b -> d -> e -> b");
    }

    #[test]
    fn long_chains_are_no_trouble() {
        let names: Vec<String> = (0..2000).map(|number| format!("p{number:04}")).collect();
        let chain: Vec<(&str, &str)> = names
            .iter()
            .enumerate()
            .map(|(i, name)| {
                (
                    name.as_str(),
                    i.checked_sub(1).map_or("", |i| names[i].as_str()),
                )
            })
            .collect();
        assert_eq!(steps(&chain).unwrap().len(), 2000);
    }

    #[test]
    fn dependents_are_found_through_others() {
        let on = |names: &[&str]| -> Vec<String> {
            names.iter().map(|name| (*name).to_owned()).collect()
        };
        let plugins = [
            ("a", on(&[])),
            ("b", on(&["a"])),
            ("c", on(&["b", "x"])),
            ("d", on(&["x"])),
        ];
        let graph = Graph::new(plugins.iter().map(|(name, on)| (*name, on.as_slice())));
        assert_eq!(graph.dependents("a"), BTreeSet::from(["b", "c"]));
        assert!(graph.dependents("d").is_empty());
        assert_eq!(graph.dependencies("c"), BTreeSet::from(["a", "b", "x"]));
        assert!(graph.dependencies("a").is_empty());
    }
}
