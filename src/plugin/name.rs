/// Whether a plugin may be called that: 1 to 64 of `a-z 0-9 . _ -`, and not dots alone, which
/// would be a directory.
pub(crate) fn is_name(name: &str) -> bool {
    let allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    let is_dots = name.bytes().all(|byte| byte == b'.');
    (1..=64).contains(&name.len()) && name.bytes().all(allowed) && !is_dots
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_are_short_and_plain() {
        let long = "a".repeat(64);
        for name in ["a", "ratelimit-geo", "0.x_y", "..a", &long] {
            assert!(is_name(name), "{name}");
        }
        let too_long = "a".repeat(65);
        for name in [
            "", "A", "a b", "a/b", "ä", "a\n", "a\0", ".", "..", "...", &too_long,
        ] {
            assert!(!is_name(name), "{name}");
        }
    }
}
