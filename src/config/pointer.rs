/// A JSON pointer (RFC 6901) to a member of what `pointer` leads to.
pub(crate) fn join(pointer: &str, segment: &str) -> String {
    format!(
        "{pointer}/{}",
        segment.replace('~', "~0").replace('/', "~1")
    )
}

/// The segments of a pointer as they are named in the document. What is before the first slash is
/// none.
pub(crate) fn segments(pointer: &str) -> impl Iterator<Item = String> {
    let unescape = |segment: &str| segment.replace("~1", "/").replace("~0", "~");
    pointer.split('/').skip(1).map(unescape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_of_what_was_joined_are_what_was_joined() {
        let pointer = join(&join(&join("", "a/b"), "~1"), "");
        assert_eq!(pointer, "/a~1b/~01/");
        assert_eq!(segments(&pointer).collect::<Vec<_>>(), ["a/b", "~1", ""]);
        assert_eq!(segments("").count(), 0);
    }
}
