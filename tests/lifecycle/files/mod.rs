//! Configs in files of the plugin directory.

mod bad;
mod broken;
mod edits;
mod refused;
mod restart;
