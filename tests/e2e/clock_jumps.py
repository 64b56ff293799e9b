"""What the tests share that set a gateway's wall clock."""

import os

import harness


class ClockJumps:
    """For a test with a bench: its gateway is started with the environment of clock_environment()."""
    jumps = 0

    def offset(self):
        return self.bench.dir / "offset"

    def clock_environment(self):
        return {"LD_PRELOAD": str(harness.BINARY / "tests" / "jumpclock.so"), "JUMPCLOCK_BY": str(self.offset()),
                "ASAN_OPTIONS": "verify_asan_link_order=0"}

    def jump_to(self, seconds):
        """Sets the gateway's clock and waits until it says that it noticed."""
        text = self.offset().with_suffix(".new")
        text.write_text(str(seconds))
        os.replace(text, self.offset())
        self.jumps += 1
        harness.wait_for(lambda: self.bench.log().count("clock: set ") == self.jumps, "the jump to be said")
