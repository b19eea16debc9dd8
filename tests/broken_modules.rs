//! The modules that tests of loading use break as they say. pkcs11-tool is the one they break.

mod support;

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;
use std::{ptr, thread};

use cryptoki_sys::*;
use libloading::Library;
use support::{broken, need};

const SIGABRT: i32 = 6;
const SIGBUS: i32 = 7;

#[test]
fn three_kill_the_process_that_loads_them() {
    let Some(()) = need(&["pkcs11-tool", "cc"]) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let built = |name| broken::build(dir.path(), name).unwrap();
    let end = |module: &Path| load(module).status().unwrap();

    assert_eq!(end(&built("constructor_aborts")).signal(), Some(SIGABRT));
    assert_eq!(end(&built("exits")).code(), Some(3));
    assert_eq!(end(&broken::truncated(dir.path())).signal(), Some(SIGBUS));
}

#[test]
fn one_is_never_loaded() {
    let Some(()) = need(&["pkcs11-tool", "cc"]) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let module = broken::build(dir.path(), "constructor_hangs").unwrap();
    let mut child = load(&module).spawn().unwrap();
    thread::sleep(Duration::from_millis(200));
    let ended: Option<ExitStatus> = child.try_wait().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(ended, None);
}

#[test]
fn two_say_ok_and_have_nothing_to_call() {
    let dir = tempfile::tempdir().unwrap();
    let Some(module) = broken::build(dir.path(), "null_list") else {
        return;
    };
    assert_eq!(function_list(&module), ptr::null());

    let module = broken::build(dir.path(), "empty_list").unwrap();
    // SAFETY: the module has a list, and stays loaded.
    let list = unsafe { *function_list(&module) };
    assert_eq!((list.version.major, list.version.minor), (2, 40));
    assert!(list.C_Initialize.is_none() && list.C_WaitForSlotEvent.is_none());
}

/// pkcs11-tool, about to load this module.
fn load(module: &Path) -> Command {
    let mut tool = Command::new("pkcs11-tool");
    tool.arg("--list-slots").arg("--module").arg(module);
    tool.stdout(Stdio::null()).stderr(Stdio::null());
    tool
}

fn function_list(module: &Path) -> *const CK_FUNCTION_LIST {
    type GetFunctionList = unsafe extern "C" fn(*mut *mut CK_FUNCTION_LIST) -> CK_RV;
    let mut list = ptr::dangling_mut();
    // SAFETY: the module does nothing but write a pointer.
    unsafe {
        let library = Box::leak(Box::new(Library::new(module).unwrap()));
        let get_list = library.get::<GetFunctionList>(b"C_GetFunctionList");
        assert_eq!(get_list.unwrap()(&raw mut list), CKR_OK);
    }
    list
}
