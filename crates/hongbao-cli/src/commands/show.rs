//! How does what the admin API shows of a merchant or an app read, line by line?

use serde_json::Value;

use crate::output::{Output, plain, say};

/// A line for each value; what is not set has none.
pub(super) fn show(known: &Value, output: Output) {
    output.result(known.clone(), || {
        for (name, value) in known.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
            let Some(parts) = value.as_object() else {
                say!("{name:<40}{}", shown(value));
                continue;
            };
            for (part, value) in parts.iter().filter(|(_, value)| !value.is_null()) {
                say!("{:<40}{}", format!("{name}.{part}"), shown(value));
            }
        }
    });
}

fn shown(value: &Value) -> String {
    if let Some(text) = value.as_str() {
        plain(text)
    } else if let Some(values) = value.as_array() {
        values.iter().map(shown).collect::<Vec<_>>().join(" ")
    } else if value.as_object().is_some_and(serde_json::Map::is_empty) {
        // Of a validity: no bound.
        "always".to_owned()
    } else if let Some(parts) = value.as_object() {
        parts.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect::<Vec<_>>().join(",")
    } else {
        value.to_string()
    }
}
