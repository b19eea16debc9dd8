//! A reader's driver for pcscd (the IFD handler interface 3.0, pcsc-lite's `ifdhandler.h`), whose reader is a Unix socket, named
//! by DEVICENAME in pcscd's configuration. What is said there is in `link.rs`.
//!
//! vsmartcard's own driver, vpcd, does the same over TCP. But vpcd 3.3 listens on all interfaces of the machine, and where it is
//! told to connect instead, takes pcscd with it when the card is pulled.

#![allow(non_snake_case, missing_docs)] // the functions have pcsc-lite's names, and are described there

#[path = "../frame.rs"]
mod frame;

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_long, c_uchar, c_ulong};
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};

use frame::{GIVE_ATR, POWER_OFF, POWER_ON, RESET, read_frame, write_frame};

type Dword = c_ulong;
type ResponseCode = c_long;

const IFD_SUCCESS: ResponseCode = 0;
const IFD_ERROR_TAG: ResponseCode = 600;
const IFD_COMMUNICATION_ERROR: ResponseCode = 612;
const IFD_NOT_SUPPORTED: ResponseCode = 614;
const IFD_ICC_PRESENT: ResponseCode = 615;
const IFD_ICC_NOT_PRESENT: ResponseCode = 616;
const IFD_ERROR_INSUFFICIENT_BUFFER: ResponseCode = 618;

const IFD_POWER_UP: Dword = 500;
const IFD_POWER_DOWN: Dword = 501;
const IFD_RESET: Dword = 502;

const TAG_IFD_ATR: Dword = 0x0303;
const SCARD_ATTR_ATR_STRING: Dword = 0x0009_0303;
const TAG_IFD_SLOT_THREAD_SAFE: Dword = 0x0fac;
const TAG_IFD_THREAD_SAFE: Dword = 0x0fad;
const TAG_IFD_SLOTS_NUMBER: Dword = 0x0fae;
const TAG_IFD_SIMULTANEOUS_ACCESS: Dword = 0x0faf;

/// The protocol T=1.
const T1: Dword = 1;

#[repr(C)]
pub struct ScardIoHeader {
    protocol: Dword,
    length: Dword,
}

/// The readers, by pcscd's number for them.
static READERS: Mutex<BTreeMap<Dword, Arc<Mutex<UnixStream>>>> = Mutex::new(BTreeMap::new());

/// # Safety
/// `name` is a C string, as pcscd gives it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IFDHCreateChannelByName(lun: Dword, name: *const c_char) -> ResponseCode {
    // SAFETY: pcscd's own
    let name = unsafe { CStr::from_ptr(name) };
    let Some(stream) = name
        .to_str()
        .ok()
        .and_then(|name| UnixStream::connect(name).ok())
    else {
        return IFD_COMMUNICATION_ERROR;
    };
    locked(&READERS).insert(lun, Arc::new(Mutex::new(stream)));
    IFD_SUCCESS
}

#[unsafe(no_mangle)]
pub extern "C" fn IFDHCreateChannel(_lun: Dword, _channel: Dword) -> ResponseCode {
    IFD_NOT_SUPPORTED
}

#[unsafe(no_mangle)]
pub extern "C" fn IFDHCloseChannel(lun: Dword) -> ResponseCode {
    locked(&READERS).remove(&lun);
    IFD_SUCCESS
}

/// # Safety
/// `length` and `value` are a buffer, as pcscd gives it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IFDHGetCapabilities(
    lun: Dword,
    tag: Dword,
    length: *mut Dword,
    value: *mut c_uchar,
) -> ResponseCode {
    let bytes = match tag {
        TAG_IFD_ATR | SCARD_ATTR_ATR_STRING => atr(lun),
        TAG_IFD_SLOTS_NUMBER | TAG_IFD_THREAD_SAFE | TAG_IFD_SLOT_THREAD_SAFE => Ok(vec![1]),
        // as many readers as pcscd itself takes
        TAG_IFD_SIMULTANEOUS_ACCESS => Ok(vec![16]),
        _ => return IFD_ERROR_TAG,
    };
    // SAFETY: the caller's
    unsafe { give(bytes, value, length) }
}

#[unsafe(no_mangle)]
pub extern "C" fn IFDHSetCapabilities(
    _lun: Dword,
    _tag: Dword,
    _length: Dword,
    _value: *mut c_uchar,
) -> ResponseCode {
    IFD_NOT_SUPPORTED
}

#[unsafe(no_mangle)]
pub extern "C" fn IFDHSetProtocolParameters(
    _lun: Dword,
    _protocol: Dword,
    _flags: c_uchar,
    _pts1: c_uchar,
    _pts2: c_uchar,
    _pts3: c_uchar,
) -> ResponseCode {
    IFD_SUCCESS
}

/// # Safety
/// `atr_length` and `value` are a buffer, as pcscd gives it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IFDHPowerICC(
    lun: Dword,
    action: Dword,
    value: *mut c_uchar,
    atr_length: *mut Dword,
) -> ResponseCode {
    let command = match action {
        IFD_POWER_UP => POWER_ON,
        IFD_POWER_DOWN => POWER_OFF,
        IFD_RESET => RESET,
        _ => return IFD_NOT_SUPPORTED,
    };
    let done = on(lun, |stream| write_frame(stream, &[command]));
    if action == IFD_POWER_DOWN {
        return done.map_or(IFD_COMMUNICATION_ERROR, |()| IFD_SUCCESS);
    }
    // SAFETY: the caller's
    unsafe { give(done.and_then(|()| atr(lun)), value, atr_length) }
}

/// # Safety
/// The buffers are pcscd's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IFDHTransmitToICC(
    lun: Dword,
    _send_header: ScardIoHeader,
    apdu: *const c_uchar,
    apdu_length: Dword,
    answer: *mut c_uchar,
    answer_length: *mut Dword,
    received_header: *mut ScardIoHeader,
) -> ResponseCode {
    // SAFETY: pcscd's buffer of this length
    let apdu = unsafe { std::slice::from_raw_parts(apdu, apdu_length as usize) };
    // one byte would be a command for the contacts
    let bytes = match apdu.len() {
        0 | 1 => Err(io::Error::other("no APDU")),
        _ => on(lun, |stream| ask(stream, apdu)),
    };
    if !received_header.is_null() {
        // SAFETY: pcscd's own
        unsafe { (*received_header).protocol = T1 };
    }
    // SAFETY: the caller's
    unsafe { give(bytes, answer, answer_length) }
}

#[unsafe(no_mangle)]
pub extern "C" fn IFDHICCPresence(lun: Dword) -> ResponseCode {
    match atr(lun) {
        Ok(_) => IFD_ICC_PRESENT,
        Err(_) => IFD_ICC_NOT_PRESENT,
    }
}

/// # Safety
/// `returned` is pcscd's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn IFDHControl(
    _lun: Dword,
    _code: Dword,
    _sent: *const c_uchar,
    _sent_length: Dword,
    _received: *mut c_uchar,
    _received_length: Dword,
    returned: *mut Dword,
) -> ResponseCode {
    if !returned.is_null() {
        // SAFETY: pcscd's own
        unsafe { *returned = 0 };
    }
    IFD_NOT_SUPPORTED
}

/// The answer to reset; an error: there is no card.
fn atr(lun: Dword) -> io::Result<Vec<u8>> {
    on(lun, |stream| ask(stream, &[GIVE_ATR]))
}

/// What the card answers; an error: there is none.
fn ask(stream: &mut UnixStream, frame: &[u8]) -> io::Result<Vec<u8>> {
    write_frame(stream, frame)?;
    let answer = read_frame(stream)?;
    match answer.is_empty() {
        true => Err(io::Error::other("no card")),
        false => Ok(answer),
    }
}

fn on<T>(lun: Dword, speak: impl FnOnce(&mut UnixStream) -> io::Result<T>) -> io::Result<T> {
    let reader = locked(&READERS).get(&lun).cloned();
    let reader = reader.ok_or(io::ErrorKind::NotConnected)?;
    speak(&mut locked(&reader))
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Copies the bytes to pcscd's buffer.
///
/// # Safety
/// `length` is how many bytes there is room for at `value`.
unsafe fn give(
    bytes: io::Result<Vec<u8>>,
    value: *mut c_uchar,
    length: *mut Dword,
) -> ResponseCode {
    if value.is_null() || length.is_null() {
        return IFD_COMMUNICATION_ERROR;
    }
    let (bytes, code) = match bytes {
        // SAFETY: the caller's
        Ok(bytes) if bytes.len() > unsafe { *length } as usize => {
            (Vec::new(), IFD_ERROR_INSUFFICIENT_BUFFER)
        }
        Ok(bytes) => (bytes, IFD_SUCCESS),
        Err(_) => (Vec::new(), IFD_COMMUNICATION_ERROR),
    };
    // SAFETY: there is room, as was checked
    unsafe {
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), value, bytes.len());
        *length = bytes.len() as Dword;
    }
    code
}
