use serde::ser::{SerializeStruct, Serializer};
use tower_plugin_gate::PhaseCounts;

pub(super) fn phases<S: Serializer>(
    phases: &PhaseCounts,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut counts = serializer.serialize_struct("PhaseCounts", 3)?;
    counts.serialize_field("head", &phases.head)?;
    counts.serialize_field("body", &phases.body)?;
    counts.serialize_field("upgraded", &phases.upgraded)?;
    counts.end()
}
