//! The functions, other than those that sign, to which other rules than `on` apply.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};
use std::{process, ptr, slice};

use cryptoki_sys::*;

use crate::faults::{Call, call};
use crate::rules::Rules;
use crate::signing::{self, authenticate};
use crate::{load_rules, lock, or_general_error, real};

/// What the searches of `endless-objects` found last.
static FOUND: LazyLock<Mutex<HashMap<CK_SESSION_HANDLE, Vec<CK_OBJECT_HANDLE>>>> =
    LazyLock::new(Mutex::default);

pub(crate) unsafe extern "C" fn C_Initialize(args: CK_VOID_PTR) -> CK_RV {
    or_general_error(load_rules().map(drop), || {
        signing::forget();
        let pid = format!("pid={}", process::id());
        call(Call::of("C_Initialize").detail(pid), |_| {
            real!(C_Initialize(args))
        })
    })
}

pub(crate) unsafe extern "C" fn C_GetSlotList(
    token_present: CK_BBOOL,
    slots: *mut CK_SLOT_ID,
    count: *mut CK_ULONG,
) -> CK_RV {
    call(Call::of("C_GetSlotList"), |rules| {
        if rules.no_slots || (rules.has_no_token() && token_present == CK_TRUE) {
            // SAFETY: the caller's buffer.
            return unsafe { answer(&[], slots, count) };
        }
        let Some(empty) = rules.empty_slot().filter(|_| token_present == CK_TRUE) else {
            return real!(C_GetSlotList(token_present, slots, count));
        };
        let get = |slots, count| real!(C_GetSlotList(token_present, slots, count));
        listed(get).map_or_else(
            |rv| rv,
            |mut list| {
                list.retain(|&slot| slot != empty);
                // SAFETY: the caller's buffer.
                unsafe { answer(&list, slots, count) }
            },
        )
    })
}

pub(crate) unsafe extern "C" fn C_GetSlotInfo(slot: CK_SLOT_ID, info: *mut CK_SLOT_INFO) -> CK_RV {
    call(Call::of("C_GetSlotInfo"), |rules| {
        let rv = real!(C_GetSlotInfo(slot, info));
        if rv == CKR_OK && (rules.has_no_token() || rules.empty_slot() == Some(slot)) {
            // SAFETY: the real module has filled it.
            unsafe { (*info).flags &= !CKF_TOKEN_PRESENT };
        }
        rv
    })
}

pub(crate) unsafe extern "C" fn C_GetTokenInfo(
    slot: CK_SLOT_ID,
    info: *mut CK_TOKEN_INFO,
) -> CK_RV {
    call(Call::of("C_GetTokenInfo").in_slot(slot), |rules| {
        if rules.has_no_token() {
            return CKR_TOKEN_NOT_PRESENT;
        }
        let rv = real!(C_GetTokenInfo(slot, info));
        if rv == CKR_OK {
            // SAFETY: the real module has filled it.
            change_token_info(rules, slot, unsafe { &mut *info });
        }
        rv
    })
}

fn change_token_info(rules: &Rules, slot: CK_SLOT_ID, info: &mut CK_TOKEN_INFO) {
    if rules.pad.is_some() {
        info.flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
    }
    if rules.logged_in.is_some() {
        info.flags &= !CKF_LOGIN_REQUIRED;
    }
    info.flags = (info.flags | rules.flags_set) & !rules.flags_clear;
    if let Some(lengths) = rules.pin_len {
        (info.ulMinPinLen, info.ulMaxPinLen) = lengths;
    }
    if let Some(serial) = rules.pull.as_ref().and_then(|pull| pull.new_serial(slot)) {
        info.serialNumber = serial;
    }
}

pub(crate) unsafe extern "C" fn C_GetMechanismList(
    slot: CK_SLOT_ID,
    mechanisms: *mut CK_MECHANISM_TYPE,
    count: *mut CK_ULONG,
) -> CK_RV {
    call(Call::of("C_GetMechanismList").in_slot(slot), |rules| {
        let get = |mechanisms, count| real!(C_GetMechanismList(slot, mechanisms, count));
        listed(get).map_or_else(
            |rv| rv,
            |mut list| {
                list.retain(|mechanism| !rules.hide.contains(mechanism));
                list.extend(&rules.list);
                // SAFETY: the caller's buffer.
                unsafe { answer(&list, mechanisms, count) }
            },
        )
    })
}

pub(crate) unsafe extern "C" fn C_GetMechanismInfo(
    slot: CK_SLOT_ID,
    mechanism: CK_MECHANISM_TYPE,
    info: *mut CK_MECHANISM_INFO,
) -> CK_RV {
    call(
        Call::of("C_GetMechanismInfo")
            .in_slot(slot)
            .mechanism(Some(mechanism)),
        |rules| {
            if rules.hide_info.contains(&mechanism) {
                return CKR_MECHANISM_INVALID;
            }
            real!(C_GetMechanismInfo(slot, mechanism, info))
        },
    )
}

pub(crate) unsafe extern "C" fn C_OpenSession(
    slot: CK_SLOT_ID,
    flags: CK_FLAGS,
    application: CK_VOID_PTR,
    notify: CK_NOTIFY,
    session: *mut CK_SESSION_HANDLE,
) -> CK_RV {
    call(Call::of("C_OpenSession").in_slot(slot), |rules| {
        let rv = real!(C_OpenSession(slot, flags, application, notify, session));
        let Some(pin) = rules.logged_in.as_ref().filter(|_| rv == CKR_OK) else {
            return rv;
        };
        // SAFETY: the real module has filled it.
        let session = unsafe { *session };
        let (pin, len) = (pin.as_ptr().cast_mut(), pin.len() as CK_ULONG);
        match real!(C_Login(session, CKU_USER, pin, len)) {
            CKR_USER_ALREADY_LOGGED_IN => CKR_OK,
            rv => rv,
        }
    })
}

pub(crate) unsafe extern "C" fn C_Login(
    session: CK_SESSION_HANDLE,
    user: CK_USER_TYPE,
    pin: *mut CK_BYTE,
    pin_len: CK_ULONG,
) -> CK_RV {
    let detail = match pin.is_null() {
        true => format!("user={user} pin=NULL"),
        false => format!("user={user} pin-len={pin_len}"),
    };
    call(
        Call::of("C_Login").in_session(session).detail(detail),
        |rules| {
            let (pin, pin_len) = match &rules.pad {
                Some(typed) if pin.is_null() => {
                    (typed.as_ptr().cast_mut(), typed.len() as CK_ULONG)
                }
                _ => (pin, pin_len),
            };
            if user != CKU_CONTEXT_SPECIFIC || !rules.always_authenticate {
                return real!(C_Login(session, user, pin, pin_len));
            }
            if pin.is_null() {
                return CKR_ARGUMENTS_BAD;
            }
            // SAFETY: not null, and as long as the caller says.
            authenticate(session, rules, unsafe {
                slice::from_raw_parts(pin, pin_len as usize)
            })
        },
    )
}

pub(crate) unsafe extern "C" fn C_GetAttributeValue(
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    template: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
) -> CK_RV {
    call(
        Call::of("C_GetAttributeValue").in_session(session),
        |rules| {
            let rv = real!(C_GetAttributeValue(session, object, template, count));
            if rules.always_authenticate && !template.is_null() && is_private_key(session, object) {
                // SAFETY: the caller has `count` attributes there.
                let attributes = unsafe { slice::from_raw_parts_mut(template, count as usize) };
                attributes.iter_mut().for_each(set_always_authenticate);
            }
            rv
        },
    )
}

fn set_always_authenticate(attribute: &mut CK_ATTRIBUTE) {
    let answered = !attribute.pValue.is_null() && attribute.ulValueLen == 1;
    if attribute.type_ == CKA_ALWAYS_AUTHENTICATE && answered {
        // SAFETY: the real module has written a byte there.
        unsafe { attribute.pValue.cast::<CK_BBOOL>().write(CK_TRUE) };
    }
}

fn is_private_key(session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE) -> bool {
    let mut class: CK_OBJECT_CLASS = 0;
    let mut template = CK_ATTRIBUTE {
        type_: CKA_CLASS,
        pValue: (&raw mut class).cast(),
        ulValueLen: size_of::<CK_OBJECT_CLASS>() as CK_ULONG,
    };
    let rv = real!(C_GetAttributeValue(session, object, &raw mut template, 1));
    rv == CKR_OK && class == CKO_PRIVATE_KEY
}

pub(crate) unsafe extern "C" fn C_FindObjectsInit(
    session: CK_SESSION_HANDLE,
    template: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
) -> CK_RV {
    call(Call::of("C_FindObjectsInit").in_session(session), |_| {
        lock(&FOUND).remove(&session);
        real!(C_FindObjectsInit(session, template, count))
    })
}

pub(crate) unsafe extern "C" fn C_FindObjects(
    session: CK_SESSION_HANDLE,
    objects: *mut CK_OBJECT_HANDLE,
    max: CK_ULONG,
    count: *mut CK_ULONG,
) -> CK_RV {
    call(Call::of("C_FindObjects").in_session(session), |rules| {
        let rv = real!(C_FindObjects(session, objects, max, count));
        if rv == CKR_OK && rules.invisible_after_login && is_user_logged_in(session) {
            // SAFETY: the real module has written it.
            unsafe { count.write(0) };
        }
        if rv == CKR_OK && rules.endless_objects {
            // SAFETY: the caller's buffer, of which the real module has filled `*count`.
            unsafe { find_again(session, objects, max, &mut *count) };
        }
        rv
    })
}

/// Answers the last objects once more where there are no others.
///
/// # Safety
///
/// `objects` has room for `max` handles and holds `*count`.
unsafe fn find_again(
    session: CK_SESSION_HANDLE,
    objects: *mut CK_OBJECT_HANDLE,
    max: CK_ULONG,
    count: &mut CK_ULONG,
) {
    let mut found = lock(&FOUND);
    // SAFETY: as above.
    let new = unsafe { slice::from_raw_parts(objects, *count as usize) };
    if !new.is_empty() {
        found.insert(session, new.to_vec());
    } else if let Some(last) = found.get(&session) {
        let again = last.len().min(max as usize);
        // SAFETY: as above.
        unsafe { ptr::copy_nonoverlapping(last.as_ptr(), objects, again) };
        *count = again as CK_ULONG;
    }
}

fn is_user_logged_in(session: CK_SESSION_HANDLE) -> bool {
    let mut info = CK_SESSION_INFO::default();
    let rv = real!(C_GetSessionInfo(session, &raw mut info));
    rv == CKR_OK && [CKS_RO_USER_FUNCTIONS, CKS_RW_USER_FUNCTIONS].contains(&info.state)
}

/// The whole of what the real module lists.
fn listed(get: impl Fn(*mut CK_ULONG, *mut CK_ULONG) -> CK_RV) -> Result<Vec<CK_ULONG>, CK_RV> {
    let ok = |rv| if rv == CKR_OK { Ok(()) } else { Err(rv) };
    let mut count = 0;
    ok(get(ptr::null_mut(), &raw mut count))?;
    let mut list = vec![0; count as usize];
    ok(get(list.as_mut_ptr(), &raw mut count))?;
    list.truncate(count as usize);
    Ok(list)
}

/// Answers a list in the way of PKCS#11: NULL asks for its length only.
///
/// # Safety
///
/// `buffer` is NULL or has room for `*count` items.
pub(crate) unsafe fn answer<T: Copy>(items: &[T], buffer: *mut T, count: *mut CK_ULONG) -> CK_RV {
    if count.is_null() {
        return CKR_ARGUMENTS_BAD;
    }
    // SAFETY: `count` is not NULL, and `buffer` has that room.
    unsafe {
        let room = count.replace(items.len() as CK_ULONG) as usize;
        if buffer.is_null() {
            return CKR_OK;
        }
        if room < items.len() {
            return CKR_BUFFER_TOO_SMALL;
        }
        ptr::copy_nonoverlapping(items.as_ptr(), buffer, items.len());
    }
    CKR_OK
}
