//! A token and what lies on it.

use time::OffsetDateTime;

use super::super::style::counted;
use super::Page;
use crate::model::certificate::Certificate;
use crate::model::key::{Key, Pairing};
use crate::model::listing::{Access, ListedToken};
use crate::model::token::{PinState, Token};
use crate::model::{uri, usage};

impl Page<'_> {
    pub(super) fn token(&self, listed: &ListedToken, place: &str) -> String {
        let Token {
            label,
            serial,
            model,
            manufacturer,
            ..
        } = &listed.token;
        let title = match listed.initialized {
            true => format!("token {label}  {model}, {manufacturer}, serial {serial}, {place}"),
            false => format!("an uninitialised token  {model}, {manufacturer}, {place}"),
        };
        let title = self.line(2, &title);
        let mut text = self.screen.heading(title.trim_end()) + "\n";
        if listed.initialized {
            text.push_str(&self.to_copy(4, &uri::of_token(&listed.token)));
            text.push_str(&self.line(4, &pin(listed)));
        }
        if let Some(obstacle) = &listed.obstacle {
            text.push_str(&self.obstacle(4, obstacle));
        }
        text.push_str(&self.mechanisms(&listed.token));
        text.push_str(&self.objects(listed));
        text
    }

    /// Those that sign; the whole list is in the JSON report.
    fn mechanisms(&self, token: &Token) -> String {
        let mechanisms = &token.mechanisms;
        if mechanisms.is_empty() {
            return String::new();
        }
        let names = mechanisms.iter().filter(|facts| facts.sign);
        let names = names.map(|facts| facts.mechanism.to_string().replacen("CKM_", "", 1));
        let names: Vec<String> = names.collect();
        let count = counted(mechanisms.len(), "mechanism");
        let text = match names.is_empty() {
            true => format!("{count}, none of which signs"),
            false => format!("{count}; CKM_ that sign: {}", names.join(", ")),
        };
        self.line(4, &text)
    }

    fn objects(&self, listed: &ListedToken) -> String {
        let token = &listed.token;
        let mut text: String = listed.keys.iter().map(|key| self.key(token, key)).collect();
        for certificate in &token.orphan_certificates {
            text.push_str(&self.orphan(token, certificate, listed.access));
        }
        for name in &token.unreadable_certificates {
            text.push_str(&self.line(
                4,
                &format!("! certificate object {name}: no DER certificate"),
            ));
        }
        let hint = match (listed.access, listed.keys.len()) {
            _ if !listed.initialized || listed.obstacle.is_some() => return text,
            (Access::Public, 0) => {
                "no private key is seen without a login; --login would show those that are there"
            }
            (Access::Public, _) => "a login may show more private keys: --login",
            (_, 0) => "no private key",
            _ => return text,
        };
        text + &self.line(4, hint)
    }

    fn key(&self, token: &Token, key: &Key) -> String {
        let mut about = vec![
            key.type_for_people(),
            format!("id {}", hex::encode(&key.cka_id)),
        ];
        if !key.can_sign {
            about.push("not for signing (CKA_SIGN)".into());
        }
        if key.always_authenticate {
            about.push("wants the PIN for every signature (CKA_ALWAYS_AUTHENTICATE)".into());
        }
        let name = key.name_for_people();
        let mut text = self.line(4, &format!("key {name}  {}", about.join(", ")));
        text.push_str(&self.to_copy(6, &key.uri));
        match &key.certificate {
            Some(certificate) => {
                text.push_str(&self.certificate(token, certificate, &key.chain_on_token));
            }
            None => text.push_str(&self.line(6, "! an orphan: no certificate for it on the token")),
        }
        let doubt = match key.pairing {
            Pairing::KeyOnly => "! key and certificate have different CKA_IDs",
            Pairing::WrongKey => "! the certificate of this CKA_ID holds another public key",
            Pairing::Unreadable => "! the certificate object of this CKA_ID holds no certificate",
            Pairing::IdAndKey | Pairing::IdOnly | Pairing::None => return text,
        };
        text + &self.line(6, doubt)
    }

    fn orphan(&self, token: &Token, certificate: &Certificate, access: Access) -> String {
        let Certificate { label, cka_id, .. } = certificate;
        let (mark, why) = match access {
            Access::Public => ("", "its key is not seen without a login"),
            Access::LoggedIn | Access::Open => ("! ", "an orphan: no key for it on the token"),
        };
        let title = format!(
            "{mark}certificate {label}  id {}, {why}",
            hex::encode(cka_id)
        );
        self.line(4, &title) + &self.certificate(token, certificate, &[])
    }

    fn certificate(
        &self,
        token: &Token,
        certificate: &Certificate,
        chain: &[Certificate],
    ) -> String {
        let usages = [
            usage::key_usage(certificate).map(|usage| usage.join(", ")),
            usage::extended_key_usage(certificate).map(|usage| usage.join(", ")),
        ];
        let [usage, extended] = usages.map(|usage| usage.unwrap_or_else(|| "any".into()));
        let mut lines = vec![
            format!("subject {}", certificate.subject),
            format!("issuer {}", certificate.issuer),
            self.validity(certificate),
            format!("key usage: {usage}; extended: {extended}"),
        ];
        if !chain.is_empty() {
            let names: Vec<&str> = chain.iter().map(|issuer| issuer.subject.as_str()).collect();
            lines.push(format!("chain on the token: {}", names.join(" / ")));
        }
        let lines = lines.iter().map(|line| self.line(6, line));
        lines.collect::<String>() + &self.to_copy(6, &uri::of_certificate(token, certificate))
    }

    fn validity(&self, certificate: &Certificate) -> String {
        let (from, to) = (certificate.not_before, certificate.not_after);
        let state = match self.now {
            now if now > to => " ! expired",
            now if now < from => " ! not valid yet",
            _ => "",
        };
        format!("valid {} to {}{state}", day(from), day(to))
    }
}

fn pin(listed: &ListedToken) -> String {
    let state = match listed.token.pin {
        PinState::Ok => "nothing wrong with it",
        PinState::Low => "a wrong one was given before",
        PinState::FinalTry => "one try left",
        PinState::Locked => "locked",
        PinState::NotSet => "not set",
    };
    let (least, most) = listed.pin_length;
    let pad = if listed.token.pad {
        ", typed at the reader's own pad"
    } else {
        ""
    };
    let access = match listed.access {
        Access::LoggedIn => "logged in",
        Access::Open => "no login needed",
        Access::Public => "not logged in",
    };
    format!("PIN: {state}; {least} to {most} characters{pad}; {access}")
}

/// `2026-11-27`, UTC.
fn day(seconds: i64) -> String {
    let date = OffsetDateTime::from_unix_timestamp(seconds).map(OffsetDateTime::date);
    date.map_or_else(|_| "beyond the calendar".into(), |date| date.to_string())
}
