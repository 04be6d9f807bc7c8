use std::fmt::{self, Write as _};

use crate::PluginState;

pub(super) fn json(code: &str, plugin: &str, state: Option<PluginState>, message: &str) -> String {
    let (plugin, message) = (JsonStr(plugin), JsonStr(message));
    let state = state.map_or_else(String::new, |state| format!(r#""state":"{state}","#));
    format!(r#"{{"plugin":{plugin},"status":"error","code":"{code}",{state}"message":{message}}}"#)
}

pub(super) struct JsonStr<'a>(pub(super) &'a str);

impl fmt::Display for JsonStr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                '\0'..='\x1f' => write!(f, "\\u{:04x}", u32::from(c))?,
                _ => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(all(test, not(tower_plugin_loom)))]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_in_json() {
        let body = json("c", "a\"\\\n", Some(PluginState::Failed), "é");
        assert!(body.contains(r#""plugin":"a\"\\\u000a""#), "{body}");
        assert!(body.contains(r#""message":"é""#), "{body}");
    }
}
