use serde_json::Value;

use crate::admin::problem::Problem;
use crate::config;

/// The one JSON value that a body is, in which no object has a member twice.
pub(crate) fn decode(bytes: &[u8]) -> Result<Value, Problem> {
    config::parse(bytes).map_err(Problem::invalid_json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_is_a_problem_of_its_own() {
        assert!(decode(b"{}").is_ok());
        for bytes in [&b""[..], b"{\"a\": 1, \"a\": 1}", b"{\"a\": 1e999}"] {
            let problem = decode(bytes).unwrap_err();
            assert_eq!(problem.code().name(), "invalid_json");
            assert!(problem.message().contains("must be one JSON value"));
        }
    }
}
