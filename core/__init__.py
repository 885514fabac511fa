"""Records, run folder, configuration, statistics, assets and errors that every suite shares."""
