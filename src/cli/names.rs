//! The names that the long help lists.

use crate::clients;
use crate::matrix::profiles;

/// The names that `--profile` and `--client` take, for the long help.
pub(super) fn names_for_help() -> String {
    let mut text = String::from("Profiles:\n");
    for profile in profiles::builtin() {
        text.push_str(&format!("  {:<22} {}\n", profile.name, profile.about));
    }
    text.push_str("\nClients:\n");
    for client in clients::ALL {
        text.push_str(&format!("  {:<22} {}\n", client.name(), client.about()));
    }
    text.trim_end().to_owned()
}
