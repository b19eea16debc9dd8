//! PKCS#11 return values by number and name (PKCS#11 3.1 §5.1).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A CK_RV other than CKR_OK, known or not: vendors' own keep their number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ckr(pub u64);

const NAMES: &[(u64, &str)] = &[
    (0x0001, "CKR_CANCEL"),
    (0x0002, "CKR_HOST_MEMORY"),
    (0x0003, "CKR_SLOT_ID_INVALID"),
    (0x0005, "CKR_GENERAL_ERROR"),
    (0x0006, "CKR_FUNCTION_FAILED"),
    (0x0007, "CKR_ARGUMENTS_BAD"),
    (0x0008, "CKR_NO_EVENT"),
    (0x0009, "CKR_NEED_TO_CREATE_THREADS"),
    (0x000a, "CKR_CANT_LOCK"),
    (0x0010, "CKR_ATTRIBUTE_READ_ONLY"),
    (0x0011, "CKR_ATTRIBUTE_SENSITIVE"),
    (0x0012, "CKR_ATTRIBUTE_TYPE_INVALID"),
    (0x0013, "CKR_ATTRIBUTE_VALUE_INVALID"),
    (0x001b, "CKR_ACTION_PROHIBITED"),
    (0x0020, "CKR_DATA_INVALID"),
    (0x0021, "CKR_DATA_LEN_RANGE"),
    (0x0030, "CKR_DEVICE_ERROR"),
    (0x0031, "CKR_DEVICE_MEMORY"),
    (0x0032, "CKR_DEVICE_REMOVED"),
    (0x0040, "CKR_ENCRYPTED_DATA_INVALID"),
    (0x0041, "CKR_ENCRYPTED_DATA_LEN_RANGE"),
    (0x0042, "CKR_AEAD_DECRYPT_FAILED"),
    (0x0050, "CKR_FUNCTION_CANCELED"),
    (0x0051, "CKR_FUNCTION_NOT_PARALLEL"),
    (0x0054, "CKR_FUNCTION_NOT_SUPPORTED"),
    (0x0060, "CKR_KEY_HANDLE_INVALID"),
    (0x0062, "CKR_KEY_SIZE_RANGE"),
    (0x0063, "CKR_KEY_TYPE_INCONSISTENT"),
    (0x0064, "CKR_KEY_NOT_NEEDED"),
    (0x0065, "CKR_KEY_CHANGED"),
    (0x0066, "CKR_KEY_NEEDED"),
    (0x0067, "CKR_KEY_INDIGESTIBLE"),
    (0x0068, "CKR_KEY_FUNCTION_NOT_PERMITTED"),
    (0x0069, "CKR_KEY_NOT_WRAPPABLE"),
    (0x006a, "CKR_KEY_UNEXTRACTABLE"),
    (0x0070, "CKR_MECHANISM_INVALID"),
    (0x0071, "CKR_MECHANISM_PARAM_INVALID"),
    (0x0082, "CKR_OBJECT_HANDLE_INVALID"),
    (0x0090, "CKR_OPERATION_ACTIVE"),
    (0x0091, "CKR_OPERATION_NOT_INITIALIZED"),
    (0x00a0, "CKR_PIN_INCORRECT"),
    (0x00a1, "CKR_PIN_INVALID"),
    (0x00a2, "CKR_PIN_LEN_RANGE"),
    (0x00a3, "CKR_PIN_EXPIRED"),
    (0x00a4, "CKR_PIN_LOCKED"),
    (0x00b0, "CKR_SESSION_CLOSED"),
    (0x00b1, "CKR_SESSION_COUNT"),
    (0x00b3, "CKR_SESSION_HANDLE_INVALID"),
    (0x00b4, "CKR_SESSION_PARALLEL_NOT_SUPPORTED"),
    (0x00b5, "CKR_SESSION_READ_ONLY"),
    (0x00b6, "CKR_SESSION_EXISTS"),
    (0x00b7, "CKR_SESSION_READ_ONLY_EXISTS"),
    (0x00b8, "CKR_SESSION_READ_WRITE_SO_EXISTS"),
    (0x00c0, "CKR_SIGNATURE_INVALID"),
    (0x00c1, "CKR_SIGNATURE_LEN_RANGE"),
    (0x00d0, "CKR_TEMPLATE_INCOMPLETE"),
    (0x00d1, "CKR_TEMPLATE_INCONSISTENT"),
    (0x00e0, "CKR_TOKEN_NOT_PRESENT"),
    (0x00e1, "CKR_TOKEN_NOT_RECOGNIZED"),
    (0x00e2, "CKR_TOKEN_WRITE_PROTECTED"),
    (0x00f0, "CKR_UNWRAPPING_KEY_HANDLE_INVALID"),
    (0x00f1, "CKR_UNWRAPPING_KEY_SIZE_RANGE"),
    (0x00f2, "CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT"),
    (0x0100, "CKR_USER_ALREADY_LOGGED_IN"),
    (0x0101, "CKR_USER_NOT_LOGGED_IN"),
    (0x0102, "CKR_USER_PIN_NOT_INITIALIZED"),
    (0x0103, "CKR_USER_TYPE_INVALID"),
    (0x0104, "CKR_USER_ANOTHER_ALREADY_LOGGED_IN"),
    (0x0105, "CKR_USER_TOO_MANY_TYPES"),
    (0x0110, "CKR_WRAPPED_KEY_INVALID"),
    (0x0112, "CKR_WRAPPED_KEY_LEN_RANGE"),
    (0x0113, "CKR_WRAPPING_KEY_HANDLE_INVALID"),
    (0x0114, "CKR_WRAPPING_KEY_SIZE_RANGE"),
    (0x0115, "CKR_WRAPPING_KEY_TYPE_INCONSISTENT"),
    (0x0120, "CKR_RANDOM_SEED_NOT_SUPPORTED"),
    (0x0121, "CKR_RANDOM_NO_RNG"),
    (0x0130, "CKR_DOMAIN_PARAMS_INVALID"),
    (0x0140, "CKR_CURVE_NOT_SUPPORTED"),
    (0x0150, "CKR_BUFFER_TOO_SMALL"),
    (0x0160, "CKR_SAVED_STATE_INVALID"),
    (0x0170, "CKR_INFORMATION_SENSITIVE"),
    (0x0180, "CKR_STATE_UNSAVEABLE"),
    (0x0190, "CKR_CRYPTOKI_NOT_INITIALIZED"),
    (0x0191, "CKR_CRYPTOKI_ALREADY_INITIALIZED"),
    (0x01a0, "CKR_MUTEX_BAD"),
    (0x01a1, "CKR_MUTEX_NOT_LOCKED"),
    (0x01b0, "CKR_NEW_PIN_MODE"),
    (0x01b1, "CKR_NEXT_OTP"),
    (0x01b5, "CKR_EXCEEDED_MAX_ITERATIONS"),
    (0x01b6, "CKR_FIPS_SELF_TEST_FAILED"),
    (0x01b7, "CKR_LIBRARY_LOAD_FAILED"),
    (0x01b8, "CKR_PIN_TOO_WEAK"),
    (0x01b9, "CKR_PUBLIC_KEY_INVALID"),
    (0x0200, "CKR_FUNCTION_REJECTED"),
    (0x0201, "CKR_TOKEN_RESOURCE_EXCEEDED"),
    (0x0202, "CKR_OPERATION_CANCEL_FAILED"),
    (0x0203, "CKR_KEY_EXHAUSTED"),
    (0x0204, "CKR_PENDING"),
    (0x0205, "CKR_SESSION_ASYNC_NOT_SUPPORTED"),
    (0x0206, "CKR_SEED_RANDOM_REQUIRED"),
    (0x0207, "CKR_OPERATION_NOT_VALIDATED"),
    (0x0208, "CKR_TOKEN_NOT_INITIALIZED"),
    (0x0209, "CKR_PARAMETER_SET_NOT_SUPPORTED"),
];

impl Ckr {
    /// The PIN was wrong; a try is spent.
    pub const PIN_INCORRECT: Ckr = Ckr(0x00a0);
    /// No tries are left.
    pub const PIN_LOCKED: Ckr = Ckr(0x00a4);
    /// A list has more entries than the buffer for it.
    pub const BUFFER_TOO_SMALL: Ckr = Ckr(0x0150);
    /// Somebody (perhaps we, on another session) is logged in already.
    pub const USER_ALREADY_LOGGED_IN: Ckr = Ckr(0x0100);
    /// The mechanism is unknown, or not for this key.
    pub const MECHANISM_INVALID: Ckr = Ckr(0x0070);
    /// The key's handle is not valid, or not any more.
    pub const KEY_HANDLE_INVALID: Ckr = Ckr(0x0060);
    /// The object's handle is not valid, or not any more.
    pub const OBJECT_HANDLE_INVALID: Ckr = Ckr(0x0082);
    /// An operation that was begun before is still active.
    pub const OPERATION_ACTIVE: Ckr = Ckr(0x0090);
    /// The session was closed while the call was under way.
    pub const SESSION_CLOSED: Ckr = Ckr(0x00b0);
    /// The session's handle is not valid, or not any more.
    pub const SESSION_HANDLE_INVALID: Ckr = Ckr(0x00b3);
    /// Nobody is logged in, or not any more.
    pub const USER_NOT_LOGGED_IN: Ckr = Ckr(0x0101);
    /// The token was removed while the call was under way.
    pub const DEVICE_REMOVED: Ckr = Ckr(0x0032);
    /// No token is in the slot.
    pub const TOKEN_NOT_PRESENT: Ckr = Ckr(0x00e0);
    /// The module doesn't know the token in the slot.
    pub const TOKEN_NOT_RECOGNIZED: Ckr = Ckr(0x00e1);
    /// The key's attributes forbid the operation.
    pub const ACTION_PROHIBITED: Ckr = Ckr(0x001b);
    /// A catch-all, and what a module says of a signature of the wrong length is this where nothing fits better.
    pub const GENERAL_ERROR: Ckr = Ckr(0x0005);
    /// CKR_FUNCTION_FAILED.
    pub const FUNCTION_FAILED: Ckr = Ckr(0x0006);
    /// CKR_DEVICE_ERROR.
    pub const DEVICE_ERROR: Ckr = Ckr(0x0030);
    /// The module does not have this function.
    pub const FUNCTION_NOT_SUPPORTED: Ckr = Ckr(0x0054);
    /// The module can't lock as the application asked.
    pub const CANT_LOCK: Ckr = Ckr(0x000a);
    /// C_Initialize was called before, by another library in this process.
    pub const CRYPTOKI_ALREADY_INITIALIZED: Ckr = Ckr(0x0191);

    /// Was the PIN refused? The wrong one that spends the last try is answered with CKR_PIN_LOCKED by some.
    pub fn refuses_pin(self) -> bool {
        [Ckr::PIN_INCORRECT, Ckr::PIN_LOCKED].contains(&self)
    }

    /// Asked with C_Login, does this leave it open whether the PIN was tried, and is right? Some modules have only a
    /// catch-all for a wrong PIN. A card that is gone tried nothing.
    pub fn leaves_pin_in_doubt(self) -> bool {
        self != Ckr::USER_ALREADY_LOGGED_IN && !self.is_about_removal()
    }

    /// Is the card gone from the reader?
    pub fn is_about_removal(self) -> bool {
        [Ckr::DEVICE_REMOVED, Ckr::TOKEN_NOT_PRESENT].contains(&self)
    }

    /// Does it say that something went wrong, and not what?
    pub fn is_unclear(self) -> bool {
        [Ckr::GENERAL_ERROR, Ckr::DEVICE_ERROR, Ckr::FUNCTION_FAILED].contains(&self)
    }

    /// Is it about what was lost on the way to the token, so that a new session may bring another answer?
    pub fn is_passing(self) -> bool {
        self.is_about_removal() || self.is_about_session() || self == Ckr::OPERATION_ACTIVE
    }

    /// Is the session, the login or the key's handle not valid any more?
    pub fn is_about_session(self) -> bool {
        let codes = [
            Ckr::KEY_HANDLE_INVALID,
            Ckr::OBJECT_HANDLE_INVALID,
            Ckr::SESSION_CLOSED,
            Ckr::SESSION_HANDLE_INVALID,
            Ckr::USER_NOT_LOGGED_IN,
        ];
        codes.contains(&self)
    }

    /// The return value that is shown so: `CKR_PIN_LOCKED`, `CKR 0x80000001`.
    pub fn by_name(name: &str) -> Option<Ckr> {
        if let Some(digits) = name.strip_prefix("CKR 0x") {
            return u64::from_str_radix(digits, 16).ok().map(Ckr);
        }
        let named = NAMES.iter().find(|(_, known)| *known == name);
        named.map(|(code, _)| Ckr(*code))
    }

    /// Every return value that has a name.
    pub fn all() -> impl Iterator<Item = Ckr> {
        NAMES.iter().map(|(code, _)| Ckr(*code))
    }
}

impl fmt::Display for Ckr {
    /// `CKR_PIN_LOCKED`; an unknown one as `CKR 0x80000001`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.binary_search_by_key(&self.0, |(code, _)| *code) {
            Ok(at) => f.pad(NAMES.get(at).map_or("", |(_, name)| name)),
            Err(_) => f.pad(&format!("CKR 0x{:08x}", self.0)),
        }
    }
}

impl fmt::Debug for Ckr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn return_values_carry_the_standard_s_names() {
        assert!(NAMES.is_sorted_by_key(|(code, _)| *code));
        assert_eq!(Ckr::PIN_INCORRECT.to_string(), "CKR_PIN_INCORRECT");
        assert_eq!(Ckr::MECHANISM_INVALID.to_string(), "CKR_MECHANISM_INVALID");
        assert_eq!(
            Ckr::USER_ALREADY_LOGGED_IN.to_string(),
            "CKR_USER_ALREADY_LOGGED_IN"
        );
        assert_eq!(Ckr(0x8000_0001).to_string(), "CKR 0x80000001");
    }

    #[test]
    fn a_return_value_reads_back_as_it_is_shown() {
        for ckr in Ckr::all().chain([Ckr(0x8000_0001)]) {
            assert_eq!(Ckr::by_name(&ckr.to_string()), Some(ckr));
        }
        assert_eq!(Ckr::by_name("CKR_NONSENSE"), None);
    }
}
