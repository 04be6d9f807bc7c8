//! What is answered in place of what was asked for, and why.

mod catalogue;
mod code;
mod form;
mod operation;
#[expect(
    clippy::module_inception,
    reason = "the folder is named for its main part"
)]
mod problem;

pub(super) use code::Code;
pub(super) use form::Form;
pub(super) use problem::Problem;
