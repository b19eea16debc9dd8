//! The watch over every PKCS#11 call, before it is made and after: the parent is told which function is being called, so that
//! a hang and a crash have a name, and the trace is written.
#![forbid(unsafe_code)]

use std::time::Duration;

use super::protocol::Reply;
use super::replies::Replies;
use super::trace::Trace;
use crate::model::ckr::Ckr;
use crate::model::function::Function;

/// Told of every call. Arguments and results come as text that holds no PIN and no key material; it is only made for a
/// trace.
pub(super) struct Watch {
    replies: Replies,
    trace: Option<Trace>,
}

impl Watch {
    pub(super) fn new(replies: Replies, trace: Option<Trace>) -> Watch {
        Watch { replies, trace }
    }

    /// `function` is about to be called.
    pub(super) fn begins(&self, function: Function, arguments: impl Fn() -> String) {
        self.replies.tell(function);
        if let Some(trace) = &self.trace {
            trace.begins(function, &arguments());
        }
    }

    /// It came back.
    pub(super) fn ended(
        &self,
        function: Function,
        answer: Result<(), Ckr>,
        took: Duration,
        results: impl Fn() -> String,
    ) {
        if function == Function::Login && answer.is_err_and(Ckr::leaves_pin_in_doubt) {
            // without a parent to tell, this process is about to end
            let _ = self.replies.send(&Reply::PinInDoubt);
        }
        if let Some(trace) = &self.trace {
            trace.ended(function, answer, took, &results());
        }
    }
}
