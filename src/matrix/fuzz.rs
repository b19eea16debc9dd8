//! The fuzzer's door to what reads profiles, and what is saved of a server; see [`tls::fuzz`](crate::tls::fuzz).

use super::profiles::parse;
use super::saved::to_toml;
use crate::model::fuzz::asking;
use crate::model::profile::Profile;

/// Profiles: what can be read is read again from what is saved of it.
pub fn profiles(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match parse(&text, "profiles.toml") {
        Ok(profiles) => profiles.iter().for_each(comes_back),
        Err(error) => assert!(error.line <= text.matches('\n').count() + 1, "{error}"),
    }
}

/// What is saved of a server, whatever CA names it sends, can be read.
pub fn saved(bytes: &[u8]) {
    let profile = asking(bytes).profile();
    profile.iter().for_each(comes_back);
}

fn comes_back(profile: &Profile) {
    let text = to_toml(profile);
    let read = parse(&text, "saved.toml");
    assert_eq!(read.as_deref(), Ok(std::slice::from_ref(profile)), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_empty_name_is_no_ca_s() {
        saved(&[2, 0x30, 0]);
        assert_eq!(
            asking(&[2, 0x30, 0]).profile().unwrap().ca_names,
            [[0; 0]; 0]
        );
    }

    proptest! {
        #[test]
        fn a_saved_server_is_read_again(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            saved(&bytes);
            profiles(&bytes);
        }
    }
}
