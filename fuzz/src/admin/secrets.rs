use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Secrets that nobody but us can have made up: they are derived from all of the fuzzer's input,
/// so nothing in it can spell them out.
pub(super) struct Secrets {
    text: String,
    number: String,
    count: usize,
}

impl Secrets {
    pub(super) fn new(input: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        input.hash(&mut hasher);
        let seed = hasher.finish();
        Self {
            text: format!("s3cr3t-{seed:016x}-"),
            number: format!("1{:016}", seed % 10_u64.pow(16)),
            count: 0,
        }
    }

    pub(super) fn text(&mut self) -> String {
        self.count += 1;
        format!("{}{}", self.text, self.count)
    }

    pub(super) fn number(&mut self) -> u64 {
        self.count += 1;
        let number = format!("{}{:02}", self.number, self.count % 100);
        number.parse().expect("19 digits are no more than fit")
    }

    /// Whether one of them is in there, whole or without its end.
    pub(super) fn are_in(&self, told: &[u8]) -> bool {
        let contains = |secret: &str| {
            told.windows(secret.len())
                .any(|part| part == secret.as_bytes())
        };
        contains(&self.text) || contains(&self.number)
    }
}
