//! Who is told of every PKCS#11 call, before it is made and after.
#![forbid(unsafe_code)]

use std::time::Duration;

use crate::model::ckr::Ckr;
use crate::model::function::Function;

/// Told of every call. Arguments and results come as text that holds no PIN and no key material; it is only made when
/// asked for.
pub(super) trait Watch {
    /// `function` is about to be called.
    fn begins(&self, function: Function, arguments: &dyn Fn() -> String);

    /// It came back.
    fn ended(
        &self,
        function: Function,
        answer: Result<(), Ckr>,
        took: Duration,
        results: &dyn Fn() -> String,
    );
}
