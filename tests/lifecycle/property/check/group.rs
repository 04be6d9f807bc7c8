use std::collections::BTreeSet;

use tower_plugin::{GroupOutcome, GroupReport, OperationError, OperationInfo, PluginResult};

use crate::lifecycle::property::group::{AskedGroup, What};

/// What is told of several plugins is what became of each, and all or none means that.
pub fn group(
    asked: &AskedGroup,
    told: &Result<GroupReport, OperationError>,
    infos: &[&OperationInfo],
) {
    let report = match told {
        Ok(report) => report,
        Err(refused) => {
            let touched = infos.iter().any(|info| !is_refused(info));
            assert!(!touched, "{refused}, and something was done");
            return;
        }
    };
    for result in &report.results {
        let mut known = infos.iter().filter(|info| info.plugin == result.plugin());
        let info = known.next();
        assert!(known.next().is_none(), "one plugin, two operations");
        let known = info.map(|info| info.result.as_ref().unwrap());
        match (result, known) {
            (PluginResult::Done(done), Some(Ok(known))) => {
                assert_eq!(format!("{done:?}"), format!("{known:?}"));
            }
            (PluginResult::Failed(error), Some(Err(known))) => {
                assert_eq!(error.to_string(), known.to_string());
            }
            (PluginResult::Failed(error), None) => assert!(error.report().is_none(), "{error}"),
            (PluginResult::Skipped { .. }, None) => {}
            (result, known) => panic!("{result:?}, but {known:?}"),
        }
    }
    let names: BTreeSet<_> = report.plugins().collect();
    assert_eq!(names.len(), report.results.len(), "each once");
    let count = |is: fn(&PluginResult) -> bool| report.results.iter().filter(|it| is(it)).count();
    let (applied, failed) = (
        count(PluginResult::is_applied),
        count(PluginResult::is_failure),
    );
    let outcome = match (applied, failed) {
        (_, 0) => GroupOutcome::Applied,
        (0, _) => GroupOutcome::Failed,
        _ => GroupOutcome::Partial,
    };
    assert_eq!(report.outcome, outcome);
    match &asked.what {
        What::Each => {}
        What::AllOrNothing => {
            let is_both = applied > 0 && failed > 0;
            assert!(!is_both, "some were swapped and some not: {report:?}");
        }
        What::Cascade { order } => cascade(order, report, infos),
    }
}

fn is_refused(info: &OperationInfo) -> bool {
    let result = info.result.as_ref().unwrap();
    result
        .as_ref()
        .is_err_and(|error| error.report().is_none_or(|it| !it.outcome.is_success()))
}

/// Each after what it depends on, and none after the first that failed.
fn cascade(order: &[(String, Vec<String>)], report: &GroupReport, infos: &[&OperationInfo]) {
    let place = |name: &str| report.plugins().position(|it| it == name);
    for (name, on) in order {
        let Some(at) = place(name) else { continue };
        let before = on.iter().filter_map(|on| place(on));
        assert!(before.into_iter().all(|before| before < at), "{report:?}");
    }
    let failed = report.results.iter().position(PluginResult::is_failure);
    let skipped = |it: &PluginResult| matches!(it, PluginResult::Skipped { .. });
    for (at, result) in report.results.iter().enumerate() {
        let is_after = failed.is_some_and(|failed| at > failed);
        assert_eq!(skipped(result), is_after, "{report:?}");
    }
    let begun = |name: &str| infos.iter().find(|it| it.plugin == name).map(|it| it.id);
    let ids: Vec<_> = report.plugins().filter_map(begun).collect();
    assert!(ids.is_sorted(), "{ids:?}");
}
