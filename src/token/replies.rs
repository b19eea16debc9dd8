//! The host's end of the pipe to its parent: replies, and word of what is being called meanwhile.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::protocol::Reply;
use super::wire;
use crate::model::function::Function;

/// While the same function is called again and again, the parent is told only so often.
const TOLD_AGAIN: Duration = Duration::from_millis(50);

/// Shared by whoever answers requests and by the watch over the module's calls.
#[derive(Clone)]
pub(super) struct Replies {
    pipe: Rc<RefCell<File>>,
    /// The call that the parent was told of last, since the last reply.
    told: Rc<Cell<Option<(Function, Instant)>>>,
}

impl Replies {
    pub(super) fn to(pipe: File) -> Replies {
        Replies {
            pipe: Rc::new(RefCell::new(pipe)),
            told: Rc::default(),
        }
    }

    /// # Errors
    /// The pipe's: without a parent this process is about to end.
    pub(super) fn send(&self, reply: &Reply) -> io::Result<()> {
        self.told.set(None);
        wire::write(&mut *self.pipe.borrow_mut(), reply)
    }

    /// Says which function is being called. Many attributes are read one by one, and each message wakes the parent: the
    /// same function is told again only after a while. Every login counts.
    pub(super) fn tell(&self, function: Function) {
        let again =
            |(last, when): (Function, Instant)| last == function && when.elapsed() < TOLD_AGAIN;
        if function == Function::Login || !self.told.get().is_some_and(again) {
            // without a parent to tell, this process is about to end
            let _ = self.send(&Reply::Calling(function));
            self.told.set(Some((function, Instant::now())));
        }
    }
}
