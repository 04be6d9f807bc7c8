use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde_json::Value;

use crate::config::pointer::join;
use crate::config::{Secrets, Violation};

/// How many values of an `enum` are listed.
const MOST_LISTED: usize = 16;

/// Adds what must hold where an error was found. No word of it quotes the config.
pub(super) fn tell(error: &ValidationError<'_>, secrets: &Secrets, told: &mut Vec<Violation>) {
    let pointer = error.instance_path().as_str();
    let mut must = |message: String| told.push(Violation::new(pointer, message));
    match error.kind() {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            told.push(Violation::new(join(pointer, name), "must be set"));
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            for name in unexpected {
                let message = "must not be set: unknown field";
                told.push(Violation::new(join(pointer, name), message));
            }
        }
        Kind::PropertyNames { error } => {
            let name = error.instance().as_str().unwrap_or_default();
            let mut inner = Vec::new();
            tell(error, secrets, &mut inner);
            for inner in inner {
                let message = format!("must have another name: it {}", inner.message());
                told.push(Violation::new(join(pointer, name), message));
            }
        }
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            alternatives(context, pointer, secrets, told);
        }
        kind => must(demand(kind, secrets.touches(pointer))),
    }
}

/// Tells of the one alternative that was meant, or of all of them.
fn alternatives(
    alternatives: &[Vec<ValidationError<'static>>],
    pointer: &str,
    secrets: &Secrets,
    told: &mut Vec<Violation>,
) {
    let is_meant = |errors: &&Vec<ValidationError<'static>>| {
        !errors
            .iter()
            .any(|error| is_of_another_kind(error, pointer))
    };
    let mut meant = alternatives.iter().filter(is_meant);
    if let (Some(meant), None) = (meant.next(), meant.next()) {
        meant.iter().for_each(|error| tell(error, secrets, told));
        return;
    }
    let mut demands = Vec::new();
    for errors in alternatives {
        let mut inner = Vec::new();
        errors
            .iter()
            .for_each(|error| tell(error, secrets, &mut inner));
        let words = inner.iter().map(|inner| match inner.pointer() {
            at if at == pointer => inner.message().to_owned(),
            at => format!("`{at}` {}", inner.message()),
        });
        demands.push(words.collect::<Vec<_>>().join(" and "));
    }
    demands.dedup();
    told.push(Violation::new(pointer, demands.join(", or ")));
}

/// Whether an error says that a value is not meant for this alternative at all.
fn is_of_another_kind(error: &ValidationError<'_>, pointer: &str) -> bool {
    let below = error.instance_path().as_str().strip_prefix(pointer);
    let depth = below.map_or(0, |below| below.matches('/').count());
    match error.kind() {
        Kind::Type { .. } => depth == 0,
        // The tag of an enum.
        Kind::Constant { .. } | Kind::Enum { .. } => depth <= 1,
        _ => false,
    }
}

fn demand(kind: &Kind, is_secret: bool) -> String {
    match kind {
        Kind::Type { kind } => format!("must be {}", types(kind)),
        Kind::Minimum { limit } => format!("must be greater than or equal to {limit}"),
        Kind::Maximum { limit } => format!("must be less than or equal to {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("must be greater than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        Kind::MinLength { limit } => format!("must have at least {}", count(limit, "character")),
        Kind::MaxLength { limit } => format!("must have at most {}", count(limit, "character")),
        Kind::MinItems { limit } => format!("must have at least {}", count(limit, "item")),
        Kind::MaxItems { limit } => format!("must have at most {}", count(limit, "item")),
        Kind::AdditionalItems { limit } => format!("must have at most {}", count(limit, "item")),
        Kind::MinProperties { limit } => format!("must have at least {}", count(limit, "member")),
        Kind::MaxProperties { limit } => format!("must have at most {}", count(limit, "member")),
        Kind::Pattern { pattern } => format!("must match `{pattern}`"),
        Kind::Format { format } => format!("must have the format `{format}`"),
        Kind::Constant { .. } | Kind::Enum { .. } if is_secret => {
            "must be one of the values that the schema lists".to_owned()
        }
        Kind::Constant { expected_value } => format!("must be {expected_value}"),
        Kind::Enum { options } => format!("must be one of {}", list(options)),
        Kind::UniqueItems => "must have no two equal items".to_owned(),
        Kind::UnevaluatedItems { .. } => "must have no further items".to_owned(),
        Kind::Contains => "must have an item that is as the schema says".to_owned(),
        Kind::FalseSchema => "must not be set".to_owned(),
        Kind::Not { .. } => "must not be what the schema excludes".to_owned(),
        Kind::OneOfMultipleValid { .. } => {
            "must be as only one of the schema's alternatives".to_owned()
        }
        Kind::ContentEncoding { content_encoding } => {
            format!("must be encoded as {content_encoding}")
        }
        Kind::ContentMediaType { content_media_type } => format!("must be {content_media_type}"),
        _ => "must be as the schema says".to_owned(),
    }
}

fn count(limit: &impl ToString, what: &str) -> String {
    let limit = limit.to_string();
    let plural = if limit == "1" { "" } else { "s" };
    format!("{limit} {what}{plural}")
}

fn list(options: &Value) -> String {
    let Some(options) = options.as_array() else {
        return options.to_string();
    };
    let listed = options.iter().take(MOST_LISTED).map(Value::to_string);
    let listed = listed.collect::<Vec<_>>().join(", ");
    match options.len().saturating_sub(MOST_LISTED) {
        0 => listed,
        more => format!("{listed} and {more} more"),
    }
}

fn types(kind: &TypeKind) -> String {
    let name = |name: &str| match name {
        "integer" | "array" | "object" => format!("an {name}"),
        "null" => name.to_owned(),
        _ => format!("a {name}"),
    };
    match kind {
        TypeKind::Single(one) => name(&one.to_string()),
        TypeKind::Multiple(several) => {
            let names = several.iter().map(|one| name(&one.to_string()));
            names.collect::<Vec<_>>().join(" or ")
        }
    }
}

#[cfg(test)]
mod tests;
