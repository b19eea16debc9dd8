//! What a token says of itself before any login: C_GetTokenInfo.
#![forbid(unsafe_code)]

use cryptoki_sys as sys;

use super::protocol::Description;
use super::raw::{Raw, Slot};
use super::refusal::Refusal;
use crate::model::function::Function;
use crate::model::token::{PinState, Token};

/// # Errors
/// C_GetTokenInfo refused.
pub(super) fn describe(raw: &Raw, slot: Slot) -> Result<Description, Refusal> {
    let info = raw.token_info(slot);
    let info = info.map_err(Refusal::of(Function::GetTokenInfo))?;
    let has = |flag| info.flags & flag != 0;
    let length = |bytes| usize::try_from(bytes).unwrap_or(usize::MAX);
    Ok(Description {
        initialized: has(sys::CKF_TOKEN_INITIALIZED),
        login_required: has(sys::CKF_LOGIN_REQUIRED),
        pin_min: length(info.pin_min),
        pin_max: length(info.pin_max),
        token: Token {
            slot,
            pin: pin_state(info.flags),
            pad: has(sys::CKF_PROTECTED_AUTHENTICATION_PATH),
            label: info.label,
            serial: info.serial,
            model: info.model,
            manufacturer: info.manufacturer,
            ..Token::default()
        },
    })
}

/// CK_TOKEN_INFO.flags on the user PIN, the worst first.
fn pin_state(flags: u64) -> PinState {
    let states = [
        (sys::CKF_USER_PIN_LOCKED, PinState::Locked),
        (sys::CKF_USER_PIN_FINAL_TRY, PinState::FinalTry),
        (sys::CKF_USER_PIN_COUNT_LOW, PinState::Low),
    ];
    let warning = states.into_iter().find(|(flag, _)| flags & flag != 0);
    match warning {
        Some((_, state)) => state,
        None if flags & sys::CKF_USER_PIN_INITIALIZED == 0 => PinState::NotSet,
        None => PinState::Ok,
    }
}
